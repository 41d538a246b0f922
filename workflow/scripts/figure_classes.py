"""Draw what the orders of classes cost each class, and the curves of the last hidden layer."""

import sys
from pathlib import Path

sys.stdout = sys.stderr = Path(snakemake.log[0]).open("w", buffering=1)
sys.path.insert(0, str(Path(snakemake.scriptdir).resolve().parents[1] / "src"))

from neuroninfo.figures import canvas
from neuroninfo.figures.classes import class_curves, classes
from neuroninfo.files import storage, tables
from neuroninfo.results.classes import COLUMNS

condition = snakemake.params.condition
groups = storage.read_groups(snakemake.input.classes, "classes", condition=condition)
numbers = tables.read(snakemake.input.table, COLUMNS)
canvas.save(classes(groups, numbers, condition), *snakemake.output.classes)
canvas.save(class_curves(groups, numbers, condition), *snakemake.output.class_curves)
