"""Draw accuracy, information and ablation of networks with few bits, and write their table."""

import sys
from pathlib import Path

sys.stdout = sys.stderr = Path(snakemake.log[0]).open("w", buffering=1)
sys.path.insert(0, str(Path(snakemake.scriptdir).resolve().parents[1] / "src"))

from neuroninfo.figures import canvas
from neuroninfo.figures.precision import precision
from neuroninfo.files import storage, tables
from neuroninfo.results.low_bit import summary

condition = snakemake.params.condition
table = summary(storage.opened_groups(snakemake.input[0], "precision"), condition)
tables.write(table, snakemake.output.table)
canvas.save(precision(table, condition), *snakemake.output.figure)
