"""Draw all measures by how much their order matters."""

import sys
from pathlib import Path

sys.stdout = sys.stderr = Path(snakemake.log[0]).open("w", buffering=1)
sys.path.insert(0, str(Path(snakemake.scriptdir).resolve().parents[1] / "src"))

from neuroninfo.figures import canvas
from neuroninfo.figures.ranking import ranking
from neuroninfo.files import tables
from neuroninfo.results.ranking import EFFECT_COLUMNS, of_sets

effects = tables.read(snakemake.input.effects, EFFECT_COLUMNS)
drawn = ranking(of_sets(effects, snakemake.params.sets), snakemake.params.condition)
canvas.save(drawn, *snakemake.output)
