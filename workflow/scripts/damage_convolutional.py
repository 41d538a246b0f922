"""Switch off every channel of a block of seeds alone."""

import sys
from pathlib import Path

sys.stdout = sys.stderr = Path(snakemake.log[0]).open("w", buffering=1)
sys.path.insert(0, str(Path(snakemake.scriptdir).resolve().parents[1] / "src"))

import torch

from neuroninfo.convolutional.ablation import damage
from neuroninfo.convolutional.architectures import from_dataset
from neuroninfo.data import datasets
from neuroninfo.files import storage

torch.set_num_threads(snakemake.threads)
condition = snakemake.params.condition
first = slice(snakemake.params.settings["examples"])
examples = datasets.read(snakemake.input.dataset, splits=["validation", "test"])
network = storage.read(snakemake.input.network, "network", condition=condition)
storage.write(
    damage(
        from_dataset(network),
        network,
        {
            name: (
                examples.inputs[examples.split(name)][first],
                examples.labels[examples.split(name)][first],
            )
            for name in ("validation", "test")
        },
    ),
    snakemake.output.damage,
    kind="damage",
    title="What is left when a channel alone is switched off",
    condition=condition,
    configuration=snakemake.params.settings,
)
