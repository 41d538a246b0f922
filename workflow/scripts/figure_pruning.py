"""Draw accuracy and size of pruned networks."""

import sys
from pathlib import Path

sys.stdout = sys.stderr = Path(snakemake.log[0]).open("w", buffering=1)
sys.path.insert(0, str(Path(snakemake.scriptdir).resolve().parents[1] / "src"))

from neuroninfo.figures import canvas
from neuroninfo.figures.pruning import pruning
from neuroninfo.files import tables
from neuroninfo.results.pruning import COLUMNS

table = tables.read(snakemake.input[0], COLUMNS)
canvas.save(pruning(table, snakemake.params.condition), *snakemake.output)
