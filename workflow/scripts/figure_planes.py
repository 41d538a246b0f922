"""Draw information planes."""

import sys
from pathlib import Path

sys.stdout = sys.stderr = Path(snakemake.log[0]).open("w", buffering=1)
sys.path.insert(0, str(Path(snakemake.scriptdir).resolve().parents[1] / "src"))

from neuroninfo.figures import canvas
from neuroninfo.figures.planes import planes
from neuroninfo.files import storage, tables
from neuroninfo.results.planes import COLUMNS

drawn = planes(
    storage.read(snakemake.input.plane, "plane"),
    tables.read(snakemake.input.table, COLUMNS),
    snakemake.params.condition,
)
canvas.save(drawn, *snakemake.output)
