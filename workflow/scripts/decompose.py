"""Measure redundancy and synergy of the hidden layers of a block of seeds."""

import sys
from pathlib import Path

sys.stdout = sys.stderr = Path(snakemake.log[0]).open("w", buffering=1)
sys.path.insert(0, str(Path(snakemake.scriptdir).resolve().parents[1] / "src"))

import msgspec

from neuroninfo.data import datasets
from neuroninfo.files import storage
from neuroninfo.networks.stack import from_dataset
from neuroninfo.synergy.layers import measure
from neuroninfo.synergy.settings import SynergySettings

condition = snakemake.params.condition
settings = msgspec.convert(snakemake.params.settings, SynergySettings)
activations = storage.each(
    snakemake.input.activations,
    "activations",
    "seed",
    variables=["activation", "label"],
    condition=condition,
)
examples = datasets.read(snakemake.input.dataset, splits=["test"])
storage.write(
    measure(
        activations,
        from_dataset(storage.read(snakemake.input.network, "network", condition=condition)),
        (examples.inputs, examples.labels),
        settings,
        threads=snakemake.threads,
    ),
    snakemake.output[0],
    kind="synergy",
    title="Redundancy and synergy of pairs of neurons and of layers",
    condition=condition,
    configuration=snakemake.params.settings,
)
