"""Correlate the information of the last hidden layer with generalization gaps over conditions."""

import sys
from pathlib import Path

sys.stdout = sys.stderr = Path(snakemake.log[0]).open("w", buffering=1)
sys.path.insert(0, str(Path(snakemake.scriptdir).resolve().parents[1] / "src"))

from neuroninfo.files import pages, storage, tables
from neuroninfo.results import planes

points = planes.gaps(
    [storage.read(path, "plane") for path in snakemake.input], snakemake.params.conditions
)
table = planes.gap_correlations(points, snakemake.params.study_seed)
tables.write(table, snakemake.output.table)
pages.write(table, snakemake.output.page, title="Rank correlation with the generalization gap")
