"""Draw f-CMI bounds beside gaps and baselines, and tighter bounds from the same supersamples."""

import sys
from pathlib import Path

sys.stdout = sys.stderr = Path(snakemake.log[0]).open("w", buffering=1)
sys.path.insert(0, str(Path(snakemake.scriptdir).resolve().parents[1] / "src"))

from neuroninfo.figures import canvas
from neuroninfo.figures.bounds import bounds_supersample, bounds_tighter
from neuroninfo.files import storage
from neuroninfo.results import tighter

files = [storage.read(path, "supersample") for path in snakemake.input]
canvas.save(bounds_supersample(files), *snakemake.output.supersample)
canvas.save(bounds_tighter(files, tighter.summary(files)), *snakemake.output.tighter)
