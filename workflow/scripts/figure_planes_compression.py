"""Draw which layers compress, by condition and estimator."""

import sys
from pathlib import Path

sys.stdout = sys.stderr = Path(snakemake.log[0]).open("w", buffering=1)
sys.path.insert(0, str(Path(snakemake.scriptdir).resolve().parents[1] / "src"))

from neuroninfo.figures import canvas
from neuroninfo.figures.planes import planes_compression
from neuroninfo.files import tables
from neuroninfo.results.planes import COLUMNS

table = tables.read(snakemake.input[0], COLUMNS)
canvas.save(planes_compression(table), *snakemake.output)
