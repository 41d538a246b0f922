"""Write the table of networks of few bits: accuracy, information and ablation."""

import sys
from pathlib import Path

sys.stdout = sys.stderr = Path(snakemake.log[0]).open("w", buffering=1)
sys.path.insert(0, str(Path(snakemake.scriptdir).resolve().parents[1] / "src"))

from neuroninfo.files import storage, tables
from neuroninfo.results import low_bit

table = low_bit.summary(
    storage.read_groups(snakemake.input[0], "precision"),
    snakemake.params.condition,
    snakemake.params.study_seed,
)
tables.write(table, snakemake.output[0])
