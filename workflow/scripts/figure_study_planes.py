"""Draw which layers compress, and information against generalization gaps over conditions."""

import sys
from pathlib import Path

sys.stdout = sys.stderr = Path(snakemake.log[0]).open("w", buffering=1)
sys.path.insert(0, str(Path(snakemake.scriptdir).resolve().parents[1] / "src"))

from neuroninfo.figures import canvas
from neuroninfo.figures.planes import planes_compression, planes_gap
from neuroninfo.files import storage, tables
from neuroninfo.results.planes import COLUMNS, GAP_COLUMNS, gaps

compression = tables.read(snakemake.input.compression, COLUMNS)
canvas.save(planes_compression(compression), *snakemake.output.planes_compression)

planes = [storage.read(path, "plane") for path in snakemake.input.planes]
correlations = tables.read(snakemake.input.gap, GAP_COLUMNS)
drawn = planes_gap(gaps(planes, snakemake.params.conditions), correlations)
canvas.save(drawn, *snakemake.output.planes_gap)
