"""Draw intervals of seeds of one split beside those of networks with a split each."""

import sys
from pathlib import Path

sys.stdout = sys.stderr = Path(snakemake.log[0]).open("w", buffering=1)
sys.path.insert(0, str(Path(snakemake.scriptdir).resolve().parents[1] / "src"))

from neuroninfo.figures import canvas
from neuroninfo.figures.splits import splits
from neuroninfo.results.splits import read

drawn = splits(read(snakemake.input[0]), snakemake.params.condition)
canvas.save(drawn, *snakemake.output)
