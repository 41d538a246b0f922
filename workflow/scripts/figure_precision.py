"""Draw accuracy, information and ablation of networks of few bits."""

import sys
from pathlib import Path

sys.stdout = sys.stderr = Path(snakemake.log[0]).open("w", buffering=1)
sys.path.insert(0, str(Path(snakemake.scriptdir).resolve().parents[1] / "src"))

from neuroninfo.figures import canvas
from neuroninfo.figures.precision import precision
from neuroninfo.files import tables
from neuroninfo.results.low_bit import COLUMNS

table = tables.read(snakemake.input[0], COLUMNS)
canvas.save(precision(table, snakemake.params.condition), *snakemake.output)
