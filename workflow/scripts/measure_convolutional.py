"""Measure every channel of a block of seeds on validation data."""

import sys
from pathlib import Path

sys.stdout = sys.stderr = Path(snakemake.log[0]).open("w", buffering=1)
sys.path.insert(0, str(Path(snakemake.scriptdir).resolve().parents[1] / "src"))

import msgspec

from neuroninfo.convolutional.measuring import measure
from neuroninfo.files import storage
from neuroninfo.neurons.settings import MeasureSettings

condition = snakemake.params.condition
settings = msgspec.convert(snakemake.params.settings, MeasureSettings)
activations = storage.each(
    snakemake.input.activations,
    "activations",
    "seed",
    variables=["activation", "label"],
    condition=condition,
)
storage.write(
    measure(
        activations,
        storage.read(snakemake.input.network, "network", condition=condition),
        settings,
    ),
    snakemake.output.neurons,
    kind="neurons",
    title="What every channel knows of the class",
    condition=condition,
    configuration=snakemake.params.settings,
)
