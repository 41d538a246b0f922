"""Effects of all orders of a set against random ones, and of the mean against zero."""

import sys
from pathlib import Path

sys.stdout = sys.stderr = Path(snakemake.log[0]).open("w", buffering=1)
sys.path.insert(0, str(Path(snakemake.scriptdir).resolve().parents[1] / "src"))

from neuroninfo.files import storage, tables
from neuroninfo.results import ranking

ablation = storage.read_groups(snakemake.input.ablation, "ablation")
what = (snakemake.wildcards.orderings, snakemake.params.condition)
tables.write(ranking.effects(ablation, *what), snakemake.output.effects)
tables.write(ranking.replaced(ablation, *what), snakemake.output.replaced)
