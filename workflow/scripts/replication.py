"""Compare the claims of a study with those of the study that it replicates."""

import sys
from pathlib import Path

sys.stdout = sys.stderr = Path(snakemake.log[0]).open("w", buffering=1)
sys.path.insert(0, str(Path(snakemake.scriptdir).resolve().parents[1] / "src"))

from neuroninfo.figures import wording
from neuroninfo.files import pages, tables
from neuroninfo.results import claims, replication

agreed = replication.agreement(
    claims.read_study(snakemake.input.claims), claims.read_study(snakemake.input.replicated)
)
tables.write(agreed, snakemake.output.table)
title = f"Effects of study {snakemake.params.here} beside those of {snakemake.params.there}"
effects = ["effect", "effect_replicated", "difference", "low", "high"]
page = wording.of_conditions(claims.in_points(agreed, effects))
pages.write(page, snakemake.output.page, title=title)
print(replication.summary(agreed))
