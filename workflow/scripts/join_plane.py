"""Join the planes of one block by groups of estimators."""

import sys
from pathlib import Path

sys.stdout = sys.stderr = Path(snakemake.log[0]).open("w", buffering=1)
sys.path.insert(0, str(Path(snakemake.scriptdir).resolve().parents[1] / "src"))

import msgspec

from neuroninfo.files import storage
from neuroninfo.planes import layers
from neuroninfo.planes.settings import PlaneSettings

condition = snakemake.params.condition
settings = msgspec.convert(snakemake.params.settings, PlaneSettings)
parts = [storage.read(path, "plane", condition=condition) for path in snakemake.input]
storage.write(
    layers.of_groups(parts, settings.all_estimators),
    snakemake.output[0],
    kind="plane",
    title="Information of every layer over the epochs of training",
    condition=condition,
    configuration=snakemake.params.settings,
)
