"""Write the table of compression of a condition: how far I(X;T) falls after its maximum."""

import sys
from pathlib import Path

sys.stdout = sys.stderr = Path(snakemake.log[0]).open("w", buffering=1)
sys.path.insert(0, str(Path(snakemake.scriptdir).resolve().parents[1] / "src"))

from neuroninfo.files import storage, tables
from neuroninfo.results import planes

table = planes.compression(
    storage.read(snakemake.input[0], "plane"),
    snakemake.params.condition,
    snakemake.params.study_seed,
)
tables.write(table, snakemake.output[0])
