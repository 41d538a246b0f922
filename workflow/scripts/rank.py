"""Find the joint and reference orders of a set for a block of seeds."""

import sys
from pathlib import Path

sys.stdout = sys.stderr = Path(snakemake.log[0]).open("w", buffering=1)
sys.path.insert(0, str(Path(snakemake.scriptdir).resolve().parents[1] / "src"))

import msgspec

from neuroninfo.ablation import search
from neuroninfo.ablation.settings import SearchSettings
from neuroninfo.data import datasets
from neuroninfo.files import storage
from neuroninfo.networks.stack import from_dataset

condition = snakemake.params.condition
settings = msgspec.convert(snakemake.params.settings, SearchSettings)
examples = datasets.read(snakemake.input.dataset, splits=["validation"])
activations = storage.each(
    snakemake.input.activations,
    "activations",
    "seed",
    variables=["activation", "label"],
    condition=condition,
)
storage.write(
    search.find(
        from_dataset(storage.read(snakemake.input.network, "network", condition=condition)),
        activations,
        storage.read(snakemake.input.damage, "damage", condition=condition),
        examples.inputs,
        examples.labels,
        settings,
        threads=snakemake.threads,
    ),
    snakemake.output.orders,
    kind="orders",
    title="Orders of neurons that had to be found",
    condition=condition,
    configuration=snakemake.params.settings,
)
