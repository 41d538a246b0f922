"""Draw conditions side by side: accuracy, information, claims and counts."""

import sys
from pathlib import Path

sys.stdout = sys.stderr = Path(snakemake.log[0]).open("w", buffering=1)
sys.path.insert(0, str(Path(snakemake.scriptdir).resolve().parents[1] / "src"))

from neuroninfo.figures import canvas
from neuroninfo.figures.comparison import comparison
from neuroninfo.files import tables
from neuroninfo.results import claims, counts

compared = snakemake.params.comparison["conditions"]
drawn = comparison(
    tables.gather(snakemake.input.counts, counts.COLUMNS, counts.KEY, compared),
    claims.gather(snakemake.input.claims, compared),
    snakemake.params.comparison,
)
canvas.save(drawn, *snakemake.output)
