"""Draw areas under ablation curves, and redundancy, against generalization gaps."""

import sys
from pathlib import Path

sys.stdout = sys.stderr = Path(snakemake.log[0]).open("w", buffering=1)
sys.path.insert(0, str(Path(snakemake.scriptdir).resolve().parents[1] / "src"))

from neuroninfo.figures import canvas
from neuroninfo.figures.ablation_gap import ablation_gap
from neuroninfo.files import tables
from neuroninfo.results import correlations
from neuroninfo.results.ablation_gap import COLUMNS

networks = tables.read(snakemake.input.networks, COLUMNS)
found = tables.read(snakemake.input.table, correlations.COLUMNS)
canvas.save(ablation_gap(networks, found), *snakemake.output)
