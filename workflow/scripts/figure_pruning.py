"""Draw accuracy and size of pruned networks, and write their table."""

import sys
from pathlib import Path

sys.stdout = sys.stderr = Path(snakemake.log[0]).open("w", buffering=1)
sys.path.insert(0, str(Path(snakemake.scriptdir).resolve().parents[1] / "src"))

from neuroninfo.figures import canvas
from neuroninfo.figures.pruning import pruning
from neuroninfo.files import storage, tables
from neuroninfo.results.pruning import summary

condition = snakemake.params.condition
table = summary(storage.read(snakemake.input[0], "pruned"), condition)
tables.write(table, snakemake.output.table)
canvas.save(pruning(table, condition), *snakemake.output.figure)
