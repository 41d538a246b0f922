"""Draw redundancy and synergy of all pairs of neurons of each layer, and write their table."""

import sys
from pathlib import Path

sys.stdout = sys.stderr = Path(snakemake.log[0]).open("w", buffering=1)
sys.path.insert(0, str(Path(snakemake.scriptdir).resolve().parents[1] / "src"))

from neuroninfo.figures import canvas
from neuroninfo.figures.synergy import synergy
from neuroninfo.files import storage, tables
from neuroninfo.results.synergy import summary

condition = snakemake.params.condition
groups = storage.opened_groups(snakemake.input[0], "synergy", condition=condition)
tables.write(summary(groups, condition), snakemake.output.table)
canvas.save(synergy(groups, condition), *snakemake.output.figure)
