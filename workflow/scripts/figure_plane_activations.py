"""Draw planes of networks that differ in their activation by one estimator, as a slide."""

import sys
from pathlib import Path

sys.stdout = sys.stderr = Path(snakemake.log[0]).open("w", buffering=1)
sys.path.insert(0, str(Path(snakemake.scriptdir).resolve().parents[1] / "src"))

from neuroninfo.figures import canvas
from neuroninfo.figures.plane import plane_activations
from neuroninfo.results.planes import opened

planes = list(map(opened, snakemake.input))
drawn = plane_activations(planes, snakemake.wildcards.estimator, snakemake.params.conditions)
canvas.save(drawn, *snakemake.output)
