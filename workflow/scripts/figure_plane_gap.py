"""Set the information of layers against generalization gaps over conditions."""

import sys
from pathlib import Path

sys.stdout = sys.stderr = Path(snakemake.log[0]).open("w", buffering=1)
sys.path.insert(0, str(Path(snakemake.scriptdir).resolve().parents[1] / "src"))

from neuroninfo.figures import style
from neuroninfo.figures.planes import gap_figure
from neuroninfo.files import storage, tables
from neuroninfo.planes import layers

found = [storage.read(path, "plane") for path in snakemake.input]
points = layers.gaps(found, snakemake.params.conditions)
correlations = layers.gap_correlations(points, snakemake.params.study_seed)
tables.write(correlations, snakemake.output.table)
tables.write_page(
    correlations, snakemake.output.page, title="Rank correlation with the generalization gap"
)
drawn = gap_figure(points, correlations)
style.save(drawn, snakemake.output.png, snakemake.output.pdf, snakemake.output.csv)
