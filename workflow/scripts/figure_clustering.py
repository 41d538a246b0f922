"""Draw how classes cluster beside the information of every layer."""

import sys
from pathlib import Path

sys.stdout = sys.stderr = Path(snakemake.log[0]).open("w", buffering=1)
sys.path.insert(0, str(Path(snakemake.scriptdir).resolve().parents[1] / "src"))

from neuroninfo.figures import canvas
from neuroninfo.figures.planes import clustering
from neuroninfo.files import storage

plane = storage.read(snakemake.input[0], "plane")
canvas.save(clustering(plane, snakemake.params.condition), *snakemake.output)
