"""Draw estimates beside known values, or their cost."""

import sys
from pathlib import Path

sys.stdout = sys.stderr = Path(snakemake.log[0]).open("w", buffering=1)
sys.path.insert(0, str(Path(snakemake.scriptdir).resolve().parents[1] / "src"))

from neuroninfo.figures import canvas
from neuroninfo.figures.calibration import calibration_figure, cost_figure
from neuroninfo.files import storage

calibration = storage.read(snakemake.input[0], "calibration")
if snakemake.wildcards.part == "cost":
    drawn = cost_figure(calibration)
else:
    drawn = calibration_figure(calibration, snakemake.wildcards.part)
canvas.save(drawn, snakemake.output.png, snakemake.output.pdf, snakemake.output.csv)
