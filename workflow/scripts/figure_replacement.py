"""Draw ablation to the mean beside ablation to zero."""

import sys
from pathlib import Path

sys.stdout = sys.stderr = Path(snakemake.log[0]).open("w", buffering=1)
sys.path.insert(0, str(Path(snakemake.scriptdir).resolve().parents[1] / "src"))

from neuroninfo.figures import canvas
from neuroninfo.figures.replacement import replacement
from neuroninfo.files import storage, tables
from neuroninfo.results.ranking import COLUMNS, of_sets

replaced = tables.read(snakemake.input.replaced, COLUMNS)
drawn = replacement(
    storage.opened_groups(snakemake.input.ablation, "ablation"),
    of_sets(replaced, [snakemake.wildcards.orderings]),
    snakemake.params.condition,
)
canvas.save(drawn, *snakemake.output)
