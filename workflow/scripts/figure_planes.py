"""Draw information planes and how classes cluster, and write how far I(X;T) falls."""

import sys
from pathlib import Path

sys.stdout = sys.stderr = Path(snakemake.log[0]).open("w", buffering=1)
sys.path.insert(0, str(Path(snakemake.scriptdir).resolve().parents[1] / "src"))

from neuroninfo.figures import canvas
from neuroninfo.figures.planes import clustering, planes
from neuroninfo.files import tables
from neuroninfo.results.planes import compression, opened

condition = snakemake.params.condition
plane = opened(snakemake.input[0])
falls = compression(plane, condition)
tables.write(falls, snakemake.output.table)
canvas.save(planes(plane, falls, condition), *snakemake.output.planes)
canvas.save(clustering(plane, condition), *snakemake.output.clustering)
