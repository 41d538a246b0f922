"""Write the table of pruned networks of a condition: accuracy and size."""

import sys
from pathlib import Path

sys.stdout = sys.stderr = Path(snakemake.log[0]).open("w", buffering=1)
sys.path.insert(0, str(Path(snakemake.scriptdir).resolve().parents[1] / "src"))

from neuroninfo.files import storage, tables
from neuroninfo.results import pruning

table = pruning.summary(
    storage.read(snakemake.input[0], "pruned"),
    snakemake.params.condition,
    snakemake.params.study_seed,
)
tables.write(table, snakemake.output[0])
