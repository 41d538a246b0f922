"""Measure every neuron of a block of seeds on validation data."""

import sys
from pathlib import Path

sys.stdout = sys.stderr = Path(snakemake.log[0]).open("w", buffering=1)
sys.path.insert(0, str(Path(snakemake.scriptdir).parents[1] / "src"))

from neuroninfo import neurons, storage

settings = snakemake.params.settings
activations = storage.each(
    snakemake.input.activations, "activations", "seed", variables=["activation", "label"]
)
storage.write(
    neurons.measure(activations, **settings),
    snakemake.output.neurons,
    kind="neurons",
    title="What every neuron knows of the class",
    condition=snakemake.params.condition,
    configuration=settings,
)
