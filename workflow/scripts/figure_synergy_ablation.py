"""Draw what ablation counts against measured redundancy, over all conditions."""

import sys
from pathlib import Path

sys.stdout = sys.stderr = Path(snakemake.log[0]).open("w", buffering=1)
sys.path.insert(0, str(Path(snakemake.scriptdir).resolve().parents[1] / "src"))

from neuroninfo.figures import canvas
from neuroninfo.figures.synergy import synergy_ablation
from neuroninfo.files import tables
from neuroninfo.results.synergy import AGREEMENT_COLUMNS, POINT_COLUMNS

of_layers = tables.read(snakemake.input.layers, POINT_COLUMNS)
correlations = tables.read(snakemake.input.agreement, AGREEMENT_COLUMNS)
canvas.save(synergy_ablation(of_layers, correlations), *snakemake.output)
