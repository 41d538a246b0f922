"""Draw redundancy and synergy of pairs of neurons over training, of all conditions."""

import sys
from pathlib import Path

sys.stdout = sys.stderr = Path(snakemake.log[0]).open("w", buffering=1)
sys.path.insert(0, str(Path(snakemake.scriptdir).resolve().parents[1] / "src"))

from neuroninfo.figures import canvas
from neuroninfo.figures.synergy import synergy_training
from neuroninfo.results.planes import opened

conditions = [
    (condition, opened(path, condition))
    for condition, path in zip(snakemake.params.conditions, snakemake.input, strict=True)
]
canvas.save(synergy_training(conditions), *snakemake.output)
