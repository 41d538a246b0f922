"""Gather what the orders of classes cost each class, of all conditions."""

import sys
from pathlib import Path

sys.stdout = sys.stderr = Path(snakemake.log[0]).open("w", buffering=1)
sys.path.insert(0, str(Path(snakemake.scriptdir).resolve().parents[1] / "src"))

from neuroninfo.figures import wording
from neuroninfo.files import pages, tables
from neuroninfo.results import classes

table = tables.gather(snakemake.input, classes.COLUMNS, classes.KEY, snakemake.params.conditions)
tables.write(table, snakemake.output.table)
shown = wording.of_conditions(table.loc[table["of_class"] == classes.ALL, list(classes.PAGE)])
pages.write(shown, snakemake.output.page, title="Which class dies, by order of a class")
