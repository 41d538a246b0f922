"""Draw accuracy, information and ablation of networks of few bits."""

import sys
from pathlib import Path

sys.stdout = sys.stderr = Path(snakemake.log[0]).open("w", buffering=1)
sys.path.insert(0, str(Path(snakemake.scriptdir).resolve().parents[1] / "src"))

from neuroninfo.figures import canvas
from neuroninfo.figures.precision import precision_figure
from neuroninfo.files import storage, tables
from neuroninfo.results import low_bit

condition = snakemake.params.condition
groups = storage.read_groups(snakemake.input[0], "precision")
table = low_bit.summary(groups, condition, snakemake.params.study_seed)
tables.write(table, snakemake.output.table)
drawn = precision_figure(table, condition)
canvas.save(drawn, snakemake.output.png, snakemake.output.pdf, snakemake.output.csv)
