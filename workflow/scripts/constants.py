"""Find the mode and the optimal constant of every neuron of a block of seeds."""

import sys
from pathlib import Path

sys.stdout = sys.stderr = Path(snakemake.log[0]).open("w", buffering=1)
sys.path.insert(0, str(Path(snakemake.scriptdir).resolve().parents[1] / "src"))

import msgspec

from neuroninfo.ablation.constants import constants
from neuroninfo.ablation.settings import ConstantSettings
from neuroninfo.data import datasets
from neuroninfo.files import storage
from neuroninfo.networks.stack import from_dataset

condition = snakemake.params.condition
settings = msgspec.convert(snakemake.params.settings, ConstantSettings)
examples = datasets.read(snakemake.input.dataset, splits=["validation"])
network = storage.read(snakemake.input.network, "network", condition=condition)
activations = storage.each(
    snakemake.input.activations,
    "activations",
    "seed",
    variables=["activation", "label"],
    condition=condition,
)
storage.write(
    constants(
        from_dataset(network),
        activations,
        network["mean_output"].values,
        examples.inputs,
        examples.labels,
        settings,
        threads=snakemake.threads,
    ),
    snakemake.output.constants,
    kind="constants",
    title="Constants that ablated neurons put out: mode and optimal constant",
    condition=condition,
    configuration=snakemake.params.settings,
)
