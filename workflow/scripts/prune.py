"""Prune the networks of a block by several measures to several sizes."""

import sys
from pathlib import Path

sys.stdout = sys.stderr = Path(snakemake.log[0]).open("w", buffering=1)
sys.path.insert(0, str(Path(snakemake.scriptdir).resolve().parents[1] / "src"))

import msgspec
import torch

from neuroninfo.data import datasets
from neuroninfo.files import storage
from neuroninfo.networks.stack import from_dataset
from neuroninfo.smaller import pruning
from neuroninfo.smaller.settings import PruningSettings
from neuroninfo.training.splits import split_tensors

torch.set_num_threads(snakemake.threads)
condition = snakemake.params.condition
settings = msgspec.convert(snakemake.params.settings, PruningSettings)
examples = datasets.read(snakemake.input.dataset)
trained = storage.read(snakemake.input.network, "network", condition=condition)
orders = snakemake.input.get("orders")
compared = pruning.compare(
    from_dataset(trained),
    storage.read(snakemake.input.neurons, "neurons", condition=condition),
    trained["mean_output"].values,
    split_tensors(examples, torch.device("cpu")),
    settings,
    searched=storage.read_groups(orders, "orders", condition=condition) if orders else None,
)
storage.write(
    compared,
    snakemake.output[0],
    kind="pruned",
    title="Accuracy of networks that keep a share of their neurons or weights",
    condition=condition,
    configuration=snakemake.params.settings,
)
