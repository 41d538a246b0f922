"""Write counts at all tolerances beside the talk's numbers."""

import sys
from pathlib import Path

sys.stdout = sys.stderr = Path(snakemake.log[0]).open("w", buffering=1)
sys.path.insert(0, str(Path(snakemake.scriptdir).resolve().parents[1] / "src"))

from neuroninfo.files import storage, tables
from neuroninfo.results import tolerances

counted = storage.read(snakemake.input[0], "reading")
tables.write(tolerances.surface(counted, snakemake.params.condition), snakemake.output[0])
