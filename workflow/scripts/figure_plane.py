"""Draw the plane of one estimator as a slide, and over the training of one network."""

import sys
from pathlib import Path

sys.stdout = sys.stderr = Path(snakemake.log[0]).open("w", buffering=1)
sys.path.insert(0, str(Path(snakemake.scriptdir).resolve().parents[1] / "src"))

from neuroninfo.figures import animation, canvas
from neuroninfo.figures.plane import plane, save_animation
from neuroninfo.results.planes import opened

found = opened(snakemake.input[0])
about = snakemake.wildcards.estimator, snakemake.params.condition
drawn = plane(found, *about)
canvas.save(drawn, snakemake.output.png, snakemake.output.pdf, snakemake.output.csv)
save_animation(found, *about, snakemake.output.gif)
animation.page(snakemake.output.gif, snakemake.output.page)
