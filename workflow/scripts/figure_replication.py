"""Draw the effects of a study beside those of the study that it replicates."""

import sys
from pathlib import Path

sys.stdout = sys.stderr = Path(snakemake.log[0]).open("w", buffering=1)
sys.path.insert(0, str(Path(snakemake.scriptdir).resolve().parents[1] / "src"))

from neuroninfo.figures import canvas
from neuroninfo.figures.replication import replication
from neuroninfo.results.replication import read

drawn = replication(read(snakemake.input[0]), snakemake.params.here, snakemake.params.there)
canvas.save(drawn, *snakemake.output)
