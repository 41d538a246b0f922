"""Draw logistic regression in the plane, and the sigmoid."""

import sys
from pathlib import Path

sys.stdout = sys.stderr = Path(snakemake.log[0]).open("w", buffering=1)
sys.path.insert(0, str(Path(snakemake.scriptdir).resolve().parents[1] / "src"))

from neuroninfo.figures import canvas
from neuroninfo.figures.toys import toys_logistic
from neuroninfo.files import storage

canvas.save(toys_logistic(storage.read(snakemake.input[0], "toy")), *snakemake.output)
