"""Draw planes of networks that differ in their activation side by side."""

import sys
from pathlib import Path

sys.stdout = sys.stderr = Path(snakemake.log[0]).open("w", buffering=1)
sys.path.insert(0, str(Path(snakemake.scriptdir).resolve().parents[1] / "src"))

from neuroninfo.figures import canvas
from neuroninfo.figures.planes import planes_activations
from neuroninfo.results.planes import opened

planes = list(map(opened, snakemake.input))
canvas.save(planes_activations(planes, snakemake.params.conditions), *snakemake.output)
