"""Draw the information of the last hidden layer against generalization gaps over conditions."""

import sys
from pathlib import Path

sys.stdout = sys.stderr = Path(snakemake.log[0]).open("w", buffering=1)
sys.path.insert(0, str(Path(snakemake.scriptdir).resolve().parents[1] / "src"))

from neuroninfo.figures import canvas
from neuroninfo.figures.planes import planes_gap
from neuroninfo.files import storage, tables
from neuroninfo.results.planes import GAP_COLUMNS, gaps

planes = [storage.read(path, "plane") for path in snakemake.input.planes]
drawn = planes_gap(
    gaps(planes, snakemake.params.conditions), tables.read(snakemake.input.table, GAP_COLUMNS)
)
canvas.save(drawn, *snakemake.output)
