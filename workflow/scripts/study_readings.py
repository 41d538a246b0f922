"""Put the counts of all conditions into one table, each condition checked to be there."""

import sys
from pathlib import Path

sys.stdout = sys.stderr = Path(snakemake.log[0]).open("w", buffering=1)
sys.path.insert(0, str(Path(snakemake.scriptdir).resolve().parents[1] / "src"))

from neuroninfo import claims, reading, tables

tables.write(
    tables.gather(snakemake.input, reading.COLUMNS, claims.CONDITION, snakemake.params.conditions),
    snakemake.output[0],
)
