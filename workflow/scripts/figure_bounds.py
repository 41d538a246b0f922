"""Draw gaps and bounds by size of the training set."""

import sys
from pathlib import Path

sys.stdout = sys.stderr = Path(snakemake.log[0]).open("w", buffering=1)
sys.path.insert(0, str(Path(snakemake.scriptdir).resolve().parents[1] / "src"))

from neuroninfo.figures import canvas
from neuroninfo.figures.bounds import bounds
from neuroninfo.files import storage

files = [storage.read(path, "bounds") for path in snakemake.input]
canvas.save(bounds(files, "error"), *snakemake.output.error)
canvas.save(bounds(files, "cross-entropy"), *snakemake.output.cross_entropy)
