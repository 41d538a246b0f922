"""Draw gaps and bounds by size of the training set, and write the table of bounds."""

import sys
from pathlib import Path

sys.stdout = sys.stderr = Path(snakemake.log[0]).open("w", buffering=1)
sys.path.insert(0, str(Path(snakemake.scriptdir).resolve().parents[1] / "src"))

from neuroninfo import bounds, storage, tables
from neuroninfo.figures import style
from neuroninfo.figures.bounds import bounds_figure

files = [storage.read(path, "bounds") for path in snakemake.input]
tables.write(bounds.summary(files), snakemake.output.table)
for loss, *paths in zip(bounds.LOSSES, snakemake.output.png, snakemake.output.pdf, strict=True):
    style.save(bounds_figure(files, loss), *paths)
