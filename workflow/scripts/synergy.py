"""Write the table of redundancy and synergy by layer."""

import sys
from pathlib import Path

sys.stdout = sys.stderr = Path(snakemake.log[0]).open("w", buffering=1)
sys.path.insert(0, str(Path(snakemake.scriptdir).resolve().parents[1] / "src"))

from neuroninfo.files import storage, tables
from neuroninfo.results import synergy

table = synergy.summary(
    storage.read_groups(snakemake.input[0], "synergy"), snakemake.params.condition
)
tables.write(table, snakemake.output[0])
