"""Gather the tables of compression of all conditions, and draw them."""

import sys
from pathlib import Path

sys.stdout = sys.stderr = Path(snakemake.log[0]).open("w", buffering=1)
sys.path.insert(0, str(Path(snakemake.scriptdir).resolve().parents[1] / "src"))

from neuroninfo.figures import canvas
from neuroninfo.figures.planes import compression_figure
from neuroninfo.files import pages, tables
from neuroninfo.results import planes

table = tables.gather(snakemake.input, planes.COLUMNS, planes.KEY, snakemake.params.conditions)
tables.write(table, snakemake.output.table)
page = table[list(planes.PAGE)]
pages.write(page, snakemake.output.page, title="Fall of I(X;T) after its maximum, in bit")
drawn = compression_figure(table)
canvas.save(drawn, snakemake.output.png, snakemake.output.pdf, snakemake.output.csv)
