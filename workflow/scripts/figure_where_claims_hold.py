"""Draw the effects of the claims under all settings of a sweep."""

import sys
from pathlib import Path

sys.stdout = sys.stderr = Path(snakemake.log[0]).open("w", buffering=1)
sys.path.insert(0, str(Path(snakemake.scriptdir).resolve().parents[1] / "src"))

from neuroninfo.figures import canvas
from neuroninfo.figures.sweep import where_claims_hold
from neuroninfo.results.claims import read_study

drawn = where_claims_hold(read_study(snakemake.input[0]), snakemake.params.sweep)
canvas.save(drawn, *snakemake.output)
