"""Draw the distributions of mutual information by layer (T10)."""

import sys
from pathlib import Path

sys.stdout = sys.stderr = Path(snakemake.log[0]).open("w", buffering=1)
sys.path.insert(0, str(Path(snakemake.scriptdir).resolve().parents[1] / "src"))

from neuroninfo.figures import canvas, information
from neuroninfo.files import storage

drawn = information.distributions_figure(
    storage.read(snakemake.input.neurons, "neurons"), snakemake.params.condition
)
canvas.save(drawn, *snakemake.output)
