"""Draw Simpson's paradox: neurons and rank correlations within layers and pooled (T10)."""

import sys
from pathlib import Path

sys.stdout = sys.stderr = Path(snakemake.log[0]).open("w", buffering=1)
sys.path.insert(0, str(Path(snakemake.scriptdir).resolve().parents[1] / "src"))

from neuroninfo.figures import canvas
from neuroninfo.figures.simpson import simpson
from neuroninfo.files import storage, tables
from neuroninfo.results.simpson import COLUMNS

drawn = simpson(
    storage.read(snakemake.input.neurons, "neurons"),
    storage.read(snakemake.input.damage, "damage"),
    tables.read(snakemake.input.table, COLUMNS),
    snakemake.params.condition,
)
canvas.save(drawn, *snakemake.output)
