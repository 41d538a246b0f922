"""Put numbers and claims of all conditions into one table each, no condition left out."""

import sys
from pathlib import Path

sys.stdout = sys.stderr = Path(snakemake.log[0]).open("w", buffering=1)
sys.path.insert(0, str(Path(snakemake.scriptdir).resolve().parents[1] / "src"))

from neuroninfo.figures import wording
from neuroninfo.files import pages, tables
from neuroninfo.results import claims, counts

conditions = snakemake.params.conditions
counted = tables.gather(snakemake.input.counts, counts.COLUMNS, counts.KEY, conditions)
tables.write(counted, snakemake.output.counts)
page = wording.of_conditions(counted[counted["marked"]].drop(columns="marked"))
pages.write(page, snakemake.output.counts_page, title="Numbers of neurons read off the curves")

judged = claims.gather(snakemake.input.claims, conditions)
tables.write(judged, snakemake.output.claims)
pages.write(
    wording.of_conditions(claims.page(judged)),
    snakemake.output.claims_page,
    title="Claims of the talk",
    lead=f"Of the primary readings, before Holm's correction, {claims.summary(judged)}",
)
