"""Ablate a block of seeds in every scope and order; count what test examples stay right."""

import sys
from pathlib import Path

sys.stdout = sys.stderr = Path(snakemake.log[0]).open("w", buffering=1)
sys.path.insert(0, str(Path(snakemake.scriptdir).resolve().parents[1] / "src"))

import msgspec
import torch

from neuroninfo.ablation.settings import AblationSettings
from neuroninfo.convolutional.ablation import ablate
from neuroninfo.convolutional.architectures import from_dataset
from neuroninfo.data import datasets
from neuroninfo.files import storage

torch.set_num_threads(snakemake.threads)
condition = snakemake.params.condition
settings = msgspec.convert(snakemake.params.settings, AblationSettings)
first = slice(snakemake.params.settings["examples"])
examples = datasets.read(snakemake.input.dataset, splits=["test"])
curves = ablate(
    from_dataset(storage.read(snakemake.input.network, "network", condition=condition)),
    storage.read(snakemake.input.neurons, "neurons", condition=condition),
    examples.inputs[first],
    examples.labels[first],
    settings,
)
storage.write(
    curves,
    snakemake.output.ablation,
    kind="ablation",
    title="Correct predictions and loss under cumulative ablation",
    condition=condition,
    configuration=snakemake.params.settings,
)
