"""Draw information planes, and how classes cluster beside them."""

import sys
from pathlib import Path

sys.stdout = sys.stderr = Path(snakemake.log[0]).open("w", buffering=1)
sys.path.insert(0, str(Path(snakemake.scriptdir).resolve().parents[1] / "src"))

from neuroninfo.figures import canvas
from neuroninfo.figures.planes import clustering, planes
from neuroninfo.files import storage, tables
from neuroninfo.results.planes import COLUMNS

condition = snakemake.params.condition
plane = storage.read(snakemake.input.plane, "plane")
compression = tables.read(snakemake.input.table, COLUMNS)
canvas.save(planes(plane, compression, condition), *snakemake.output.planes)
canvas.save(clustering(plane, condition), *snakemake.output.clustering)
