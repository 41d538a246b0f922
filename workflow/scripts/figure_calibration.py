"""Draw estimates beside known values, and what they cost."""

import sys
from pathlib import Path

sys.stdout = sys.stderr = Path(snakemake.log[0]).open("w", buffering=1)
sys.path.insert(0, str(Path(snakemake.scriptdir).resolve().parents[1] / "src"))

from neuroninfo.figures import canvas
from neuroninfo.figures.calibration import calibration
from neuroninfo.files import storage

estimates = storage.read(snakemake.input[0], "calibration")
for part, files in snakemake.output.items():
    canvas.save(calibration(estimates, part), *files)
