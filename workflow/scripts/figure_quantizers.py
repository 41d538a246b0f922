"""Draw information, claim C3 and ablation against the bits of the quantizer."""

import sys
from pathlib import Path

sys.stdout = sys.stderr = Path(snakemake.log[0]).open("w", buffering=1)
sys.path.insert(0, str(Path(snakemake.scriptdir).resolve().parents[1] / "src"))

from neuroninfo.figures import canvas
from neuroninfo.figures.quantizers import quantizers
from neuroninfo.files import storage, tables
from neuroninfo.results import claims
from neuroninfo.results.ranking import EFFECT_COLUMNS, of_sets

effects = tables.read(snakemake.input.effects, EFFECT_COLUMNS)
drawn = quantizers(
    storage.opened(snakemake.input.neurons, "neurons"),
    claims.read(snakemake.input.claims),
    of_sets(effects, [snakemake.wildcards.orderings]),
    snakemake.params.condition,
)
canvas.save(drawn, *snakemake.output)
