"""Write the table of bounds: where they say something, and whether they predict the gap."""

import sys
from pathlib import Path

sys.stdout = sys.stderr = Path(snakemake.log[0]).open("w", buffering=1)
sys.path.insert(0, str(Path(snakemake.scriptdir).resolve().parents[1] / "src"))

from neuroninfo.files import pages, storage, tables
from neuroninfo.results import bounds

table = bounds.summary(
    [storage.read(path, "bounds") for path in snakemake.input.gaps],
    [storage.read(path, "supersample") for path in snakemake.input.supersamples],
)
tables.write(table, snakemake.output.table)
pages.write(table, snakemake.output.page, title="Bounds on the generalization gap")
