"""Draw the curves of the paper's first version with the paper's numbers on them."""

import sys
from pathlib import Path

sys.stdout = sys.stderr = Path(snakemake.log[0]).open("w", buffering=1)
sys.path.insert(0, str(Path(snakemake.scriptdir).resolve().parents[1] / "src"))

from neuroninfo.figures import canvas
from neuroninfo.figures.first_version import first_version
from neuroninfo.files import storage
from neuroninfo.results.first_version import read

drawn = first_version(
    storage.opened_groups(snakemake.input.ablation, "ablation"),
    read(snakemake.input.table),
    snakemake.params.condition,
)
canvas.save(drawn, *snakemake.output)
