"""Draw the ablation within each layer (T8, T9)."""

import sys
from pathlib import Path

sys.stdout = sys.stderr = Path(snakemake.log[0]).open("w", buffering=1)
sys.path.insert(0, str(Path(snakemake.scriptdir).resolve().parents[1] / "src"))

from neuroninfo.figures import canvas
from neuroninfo.figures.ablation import ablation_layers
from neuroninfo.files import storage
from neuroninfo.results import counts

drawn = ablation_layers(
    storage.read_groups(snakemake.input.ablation, "ablation"),
    snakemake.params.condition,
    counts=counts.read(snakemake.input.counts),
    study_seed=snakemake.params.study_seed,
)
canvas.save(drawn, *snakemake.output)
