"""Put the curves of a condition together, every seed checked to be there."""

import sys
from pathlib import Path

sys.stdout = sys.stderr = Path(snakemake.log[0]).open("w", buffering=1)
sys.path.insert(0, str(Path(snakemake.scriptdir).resolve().parents[1] / "src"))

from neuroninfo.files.gather import gather

gather(
    snakemake.input,
    snakemake.output[0],
    kind="ablation",
    condition=snakemake.params.condition,
)
