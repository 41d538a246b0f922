"""Draw accuracy and size of pruned networks."""

import sys
from pathlib import Path

sys.stdout = sys.stderr = Path(snakemake.log[0]).open("w", buffering=1)
sys.path.insert(0, str(Path(snakemake.scriptdir).resolve().parents[1] / "src"))

from neuroninfo.figures import canvas
from neuroninfo.figures.pruning import pruning_figure
from neuroninfo.files import storage, tables
from neuroninfo.results import pruning

condition = snakemake.params.condition
pruned = storage.read(snakemake.input[0], "pruned")
table = pruning.summary(pruned, condition, snakemake.params.study_seed)
tables.write(table, snakemake.output.table)
drawn = pruning_figure(table, condition)
canvas.save(drawn, snakemake.output.png, snakemake.output.pdf, snakemake.output.csv)
