"""Judge claims C1 to C5 for one condition."""

import sys
from pathlib import Path

sys.stdout = sys.stderr = Path(snakemake.log[0]).open("w", buffering=1)
sys.path.insert(0, str(Path(snakemake.scriptdir).resolve().parents[1] / "src"))

from neuroninfo.files import storage, tables
from neuroninfo.results import claims

judged = claims.claims(
    storage.read(snakemake.input.neurons, "neurons"),
    {
        name: storage.read_groups(path, "ablation")
        for name, path in zip(snakemake.params.sets, snakemake.input.ablations, strict=True)
    },
    storage.read(snakemake.input.damage, "damage"),
    storage.read(snakemake.input.reading, "reading"),
    snakemake.params.condition,
)
tables.write(judged, snakemake.output[0])
