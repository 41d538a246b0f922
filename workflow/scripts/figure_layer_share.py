"""Draw information by layer, and effects as layer share and within layers (T10)."""

import sys
from pathlib import Path

sys.stdout = sys.stderr = Path(snakemake.log[0]).open("w", buffering=1)
sys.path.insert(0, str(Path(snakemake.scriptdir).resolve().parents[1] / "src"))

from neuroninfo.figures import canvas
from neuroninfo.figures.layer_share import layer_share
from neuroninfo.files import storage
from neuroninfo.results import claims

drawn = layer_share(
    storage.opened(snakemake.input.neurons, "neurons"),
    claims.read(snakemake.input.claims),
    snakemake.params.condition,
)
canvas.save(drawn, *snakemake.output)
