"""Gather falls of I(X;T) of all conditions, correlate information with gaps, and draw both."""

import sys
from pathlib import Path

sys.stdout = sys.stderr = Path(snakemake.log[0]).open("w", buffering=1)
sys.path.insert(0, str(Path(snakemake.scriptdir).resolve().parents[1] / "src"))

from neuroninfo.figures import canvas, wording
from neuroninfo.figures.planes import planes_compression, planes_gap
from neuroninfo.files import pages, tables
from neuroninfo.results import planes

into = snakemake.output
conditions = snakemake.params.conditions
falls = tables.gather(snakemake.input.compression, planes.COLUMNS, planes.KEY, conditions)
tables.write(falls, into.compression)
page = wording.of_conditions(falls[list(planes.PAGE)])
pages.write(page, into.compression_page, title="Fall of I(X;T) after its maximum, in bit")
canvas.save(planes_compression(falls), *into.planes_compression)

found = list(map(planes.opened, snakemake.input.planes))
points = planes.gaps(found, conditions, snakemake.params.noise)
correlations = planes.gap_correlations(points)
tables.write(correlations, into.gap)
pages.write(correlations, into.gap_page, title="Rank correlation with the generalization gap")
canvas.save(planes_gap(points, correlations), *into.planes_gap)
