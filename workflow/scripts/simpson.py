"""Correlate measures with what neurons cost alone, within layers and pooled."""

import sys
from pathlib import Path

sys.stdout = sys.stderr = Path(snakemake.log[0]).open("w", buffering=1)
sys.path.insert(0, str(Path(snakemake.scriptdir).resolve().parents[1] / "src"))

from neuroninfo.files import storage, tables
from neuroninfo.results import simpson

table = simpson.correlations(
    storage.read(snakemake.input.neurons, "neurons"),
    storage.read(snakemake.input.damage, "damage"),
    snakemake.params.condition,
)
tables.write(table, snakemake.output[0])
