"""Write the table of redundancy and synergy by layer."""

import sys
from pathlib import Path

sys.stdout = sys.stderr = Path(snakemake.log[0]).open("w", buffering=1)
sys.path.insert(0, str(Path(snakemake.scriptdir).resolve().parents[1] / "src"))

from neuroninfo.files import storage, tables
from neuroninfo.results import synergy

condition = snakemake.params.condition
groups = storage.read_groups(snakemake.input[0], "synergy", condition=condition)
tables.write(synergy.summary(groups, condition), snakemake.output[0])
