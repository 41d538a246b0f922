"""Put the counts of all conditions into one table, each condition checked to be there."""

import sys
from pathlib import Path

sys.stdout = sys.stderr = Path(snakemake.log[0]).open("w", buffering=1)
sys.path.insert(0, str(Path(snakemake.scriptdir).resolve().parents[1] / "src"))

from neuroninfo.files import pages, tables
from neuroninfo.results import counts

table = tables.gather(snakemake.input, counts.COLUMNS, counts.KEY, snakemake.params.conditions)
tables.write(table, snakemake.output.table)
page = table[table["marked"]].drop(columns="marked")
pages.write(page, snakemake.output.page, title="Numbers of neurons read off the curves")
