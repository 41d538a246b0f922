"""Set the information of layers against generalization gaps over conditions."""

import sys
from pathlib import Path

sys.stdout = sys.stderr = Path(snakemake.log[0]).open("w", buffering=1)
sys.path.insert(0, str(Path(snakemake.scriptdir).resolve().parents[1] / "src"))

from neuroninfo.figures import canvas
from neuroninfo.figures.planes import gap_figure
from neuroninfo.files import pages, storage, tables
from neuroninfo.results import planes

found = [storage.read(path, "plane") for path in snakemake.input]
points = planes.gaps(found, snakemake.params.conditions)
correlations = planes.gap_correlations(points, snakemake.params.study_seed)
tables.write(correlations, snakemake.output.table)
pages.write(
    correlations, snakemake.output.page, title="Rank correlation with the generalization gap"
)
drawn = gap_figure(points, correlations)
canvas.save(drawn, snakemake.output.png, snakemake.output.pdf, snakemake.output.csv)
