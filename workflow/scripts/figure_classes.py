"""Draw what the orders of classes cost each class, write its table, and draw curves by class."""

import sys
from pathlib import Path

sys.stdout = sys.stderr = Path(snakemake.log[0]).open("w", buffering=1)
sys.path.insert(0, str(Path(snakemake.scriptdir).resolve().parents[1] / "src"))

from neuroninfo.figures import canvas
from neuroninfo.figures.classes import class_curves, classes
from neuroninfo.files import storage, tables
from neuroninfo.results.classes import summary

condition = snakemake.params.condition
groups = storage.opened_groups(snakemake.input[0], "classes", condition=condition)
costs = summary(groups, condition)
tables.write(costs, snakemake.output.table)
canvas.save(classes(groups, costs, condition), *snakemake.output.classes)
canvas.save(class_curves(groups, costs, condition), *snakemake.output.class_curves)
