"""Draw gaps and bounds by size of the training set."""

import sys
from pathlib import Path

sys.stdout = sys.stderr = Path(snakemake.log[0]).open("w", buffering=1)
sys.path.insert(0, str(Path(snakemake.scriptdir).resolve().parents[1] / "src"))

from neuroninfo.figures import canvas
from neuroninfo.figures.bounds import bounds_figure
from neuroninfo.files import storage

files = [storage.read(path, "bounds") for path in snakemake.input]
pngs = {"error": snakemake.output.error, "cross-entropy": snakemake.output.cross_entropy}
for loss, png in pngs.items():
    others = [Path(png).with_suffix(suffix) for suffix in (".pdf", ".csv")]
    canvas.save(bounds_figure(files, loss), png, *others)
