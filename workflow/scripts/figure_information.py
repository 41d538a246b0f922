"""Draw the distributions of mutual information by layer (T10)."""

import sys
from pathlib import Path

sys.stdout = sys.stderr = Path(snakemake.log[0]).open("w", buffering=1)
sys.path.insert(0, str(Path(snakemake.scriptdir).resolve().parents[1] / "src"))

from neuroninfo.figures import canvas
from neuroninfo.figures.information import information
from neuroninfo.files import storage

neurons = storage.read(snakemake.input.neurons, "neurons")
canvas.save(information(neurons, snakemake.params.condition), *snakemake.output)
