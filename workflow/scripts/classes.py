"""Write the table of what the orders of classes cost each class."""

import sys
from pathlib import Path

sys.stdout = sys.stderr = Path(snakemake.log[0]).open("w", buffering=1)
sys.path.insert(0, str(Path(snakemake.scriptdir).resolve().parents[1] / "src"))

from neuroninfo.files import storage, tables
from neuroninfo.results import classes

condition = snakemake.params.condition
groups = storage.read_groups(snakemake.input[0], "classes", condition=condition)
tables.write(classes.summary(groups, condition), snakemake.output[0])
