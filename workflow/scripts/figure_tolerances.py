"""Draw at which tolerances the talk's numbers of neurons are found, and write all counts."""

import sys
from pathlib import Path

sys.stdout = sys.stderr = Path(snakemake.log[0]).open("w", buffering=1)
sys.path.insert(0, str(Path(snakemake.scriptdir).resolve().parents[1] / "src"))

from neuroninfo.figures import canvas
from neuroninfo.figures.tolerances import tolerances
from neuroninfo.files import storage, tables
from neuroninfo.results.tolerances import surface

condition = snakemake.params.condition
counts = surface(storage.read(snakemake.input[0], "reading"), condition)
tables.write(counts, snakemake.output.table)
canvas.save(tolerances(counts, condition), *snakemake.output.figure)
