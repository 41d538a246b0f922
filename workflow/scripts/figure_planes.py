"""Draw information planes, and write the table of compression."""

import sys
from pathlib import Path

sys.stdout = sys.stderr = Path(snakemake.log[0]).open("w", buffering=1)
sys.path.insert(0, str(Path(snakemake.scriptdir).resolve().parents[1] / "src"))

from neuroninfo.figures import canvas
from neuroninfo.figures.planes import planes_figure
from neuroninfo.files import storage, tables
from neuroninfo.results import planes

condition = snakemake.params.condition
plane = storage.read(snakemake.input[0], "plane")
table = planes.compression(plane, condition, snakemake.params.study_seed)
tables.write(table, snakemake.output.table)
drawn = planes_figure(plane, table, condition)
canvas.save(drawn, snakemake.output.png, snakemake.output.pdf, snakemake.output.csv)
