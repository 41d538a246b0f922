"""Ablate a block of seeds in every scope and order; count what test examples stay right."""

import os
import sys
from pathlib import Path

sys.stdout = sys.stderr = Path(snakemake.log[0]).open("w", buffering=1)
sys.path.insert(0, str(Path(snakemake.scriptdir).resolve().parents[1] / "src"))

import msgspec

from neuroninfo.ablation.ablate import ablate
from neuroninfo.ablation.settings import MODE, OPTIMAL, AblationSettings
from neuroninfo.data import datasets
from neuroninfo.files import storage
from neuroninfo.networks.stack import from_dataset
from neuroninfo.training import devices
from neuroninfo.vocabulary import MEAN

condition = snakemake.params.condition
settings = msgspec.convert(snakemake.params.settings, AblationSettings)
examples = datasets.read(snakemake.input.dataset, splits=["test"])
inputs, labels = examples.inputs, examples.labels
if gpus := devices.given(snakemake.resources, os.environ):  # else torch is not needed
    import torch

    device = devices.choose_device(snakemake.config["device"], gpus)
    print(devices.chosen(device, gpus))
    inputs = torch.from_numpy(inputs).to(device)
    labels = torch.from_numpy(labels).to(device, torch.int64)
network = storage.read(snakemake.input.network, "network", condition=condition)
orders = snakemake.input.get("orders")
put_out = {MEAN: network["mean_output"].values}
if constants := snakemake.input.get("constants"):
    found = storage.read(constants, "constants", condition=condition)
    put_out |= {name: found[name].values for name in (MODE, OPTIMAL)}
curves = ablate(
    from_dataset(network),
    storage.read(snakemake.input.neurons, "neurons", condition=condition),
    inputs,
    labels,
    settings,
    searched=storage.read_groups(orders, "orders", condition=condition) if orders else None,
    constants=put_out,
    threads=snakemake.threads,
)
storage.write(
    curves,
    snakemake.output.ablation,
    kind="ablation",
    title="Correct predictions and loss under cumulative ablation",
    condition=condition,
    configuration=snakemake.params.settings,
)
if gpus:
    for line in devices.used(device):
        print(line)
