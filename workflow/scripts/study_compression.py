"""Put the tables of compression of all conditions into one, each condition checked to be there."""

import sys
from pathlib import Path

sys.stdout = sys.stderr = Path(snakemake.log[0]).open("w", buffering=1)
sys.path.insert(0, str(Path(snakemake.scriptdir).resolve().parents[1] / "src"))

from neuroninfo.files import pages, tables
from neuroninfo.results import planes

table = tables.gather(snakemake.input, planes.COLUMNS, planes.KEY, snakemake.params.conditions)
tables.write(table, snakemake.output.table)
page = table[list(planes.PAGE)]
pages.write(page, snakemake.output.page, title="Fall of I(X;T) after its maximum, in bit")
