"""Write how much wider intervals become when every network has a split of its own."""

import sys
from pathlib import Path

sys.stdout = sys.stderr = Path(snakemake.log[0]).open("w", buffering=1)
sys.path.insert(0, str(Path(snakemake.scriptdir).resolve().parents[1] / "src"))

from neuroninfo.figures import wording
from neuroninfo.files import pages, tables
from neuroninfo.results import claims, splits

table = splits.across_splits(claims.read_study(snakemake.input[0]), snakemake.params.conditions)
tables.write(table, snakemake.output.table)
effects = ["effect", "within", "between", "half_one_split", "half_own_splits", "low", "high"]
pages.write(
    wording.of_conditions(claims.in_points(table, effects)),
    snakemake.output.page,
    title="Intervals of seeds of one split, and over splits",
)
print(splits.summary(table))
