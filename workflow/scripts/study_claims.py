"""Put the claims of all conditions into one table, each condition checked to be there."""

import sys
from pathlib import Path

sys.stdout = sys.stderr = Path(snakemake.log[0]).open("w", buffering=1)
sys.path.insert(0, str(Path(snakemake.scriptdir).resolve().parents[1] / "src"))

from neuroninfo.files import pages, tables
from neuroninfo.results import claims

table = claims.gather(snakemake.input, snakemake.params.conditions)
tables.write(table, snakemake.output.table)
pages.write(
    claims.page(table),
    snakemake.output.page,
    title="Claims of the talk",
    lead=f"Of the primary readings, {claims.summary(table)}",
)
