"""Measure every neuron of a block of seeds on validation data."""

import sys
from pathlib import Path

sys.stdout = sys.stderr = Path(snakemake.log[0]).open("w", buffering=1)
sys.path.insert(0, str(Path(snakemake.scriptdir).resolve().parents[1] / "src"))

import msgspec

from neuroninfo.files import storage
from neuroninfo.networks.stack import from_dataset
from neuroninfo.neurons.measures import measure
from neuroninfo.neurons.settings import MeasureSettings

condition = snakemake.params.condition
settings = msgspec.convert(snakemake.params.settings, MeasureSettings)
activations = storage.each(
    snakemake.input.activations,
    "activations",
    "seed",
    variables=["activation", "output", "label"],
    condition=condition,
)
stack = from_dataset(storage.read(snakemake.input.network, "network", condition=condition))
storage.write(
    measure(activations, stack, settings),
    snakemake.output.neurons,
    kind="neurons",
    title="What every neuron knows of the class",
    condition=condition,
    configuration=snakemake.params.settings,
)
