"""Draw at which tolerances the talk's numbers of neurons are what one network would give."""

import sys
from pathlib import Path

sys.stdout = sys.stderr = Path(snakemake.log[0]).open("w", buffering=1)
sys.path.insert(0, str(Path(snakemake.scriptdir).resolve().parents[1] / "src"))

from neuroninfo.figures import canvas
from neuroninfo.figures.tolerances import tolerances
from neuroninfo.results.tolerances import read

canvas.save(
    tolerances(read(snakemake.input[0]), snakemake.params.condition),
    *snakemake.output,
)
