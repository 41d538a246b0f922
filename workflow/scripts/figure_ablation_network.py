"""Draw the ablation of the whole network (T6, T7)."""

import sys
from pathlib import Path

sys.stdout = sys.stderr = Path(snakemake.log[0]).open("w", buffering=1)
sys.path.insert(0, str(Path(snakemake.scriptdir).resolve().parents[1] / "src"))

from neuroninfo.figures import canvas
from neuroninfo.figures.ablation import ablation_network
from neuroninfo.files import storage

drawn = ablation_network(
    storage.read(snakemake.input.ablation, "ablation", group="network"),
    snakemake.params.condition,
    study_seed=snakemake.params.study_seed,
)
canvas.save(drawn, *snakemake.output)
