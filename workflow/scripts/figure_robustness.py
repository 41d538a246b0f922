"""Draw accuracies on corrupted inputs, and what is left of them against redundancy."""

import sys
from pathlib import Path

sys.stdout = sys.stderr = Path(snakemake.log[0]).open("w", buffering=1)
sys.path.insert(0, str(Path(snakemake.scriptdir).resolve().parents[1] / "src"))

from neuroninfo.figures import canvas
from neuroninfo.figures.robustness import robustness
from neuroninfo.files import tables
from neuroninfo.results.robustness import AGREEMENT_COLUMNS, COLUMNS, NETWORK_COLUMNS

table = tables.read(snakemake.input.table, COLUMNS)
networks = tables.read(snakemake.input.networks, NETWORK_COLUMNS)
agreement = tables.read(snakemake.input.agreement, AGREEMENT_COLUMNS)
canvas.save(robustness(table, networks, agreement), *snakemake.output)
