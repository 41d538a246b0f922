"""Write the table of the paper's first version beside our networks, of several conditions."""

import sys
from pathlib import Path

sys.stdout = sys.stderr = Path(snakemake.log[0]).open("w", buffering=1)
sys.path.insert(0, str(Path(snakemake.scriptdir).resolve().parents[1] / "src"))

from neuroninfo.figures import wording
from neuroninfo.files import pages, storage, tables
from neuroninfo.results import first_version

table = first_version.compare(
    [
        (
            storage.opened(neurons, "neurons"),
            storage.opened_groups(ablation, "ablation"),
            condition,
        )
        for neurons, ablation, condition in zip(
            snakemake.input.neurons,
            snakemake.input.ablation,
            snakemake.params.conditions,
            strict=True,
        )
    ]
)
tables.write(table, snakemake.output.table)
page = wording.of_conditions(table[list(first_version.PAGE)])
pages.write(page, snakemake.output.page, title="The paper's first version beside our networks")
agreed = first_version.agreeing(table)
print(agreed.to_string(index=False))
