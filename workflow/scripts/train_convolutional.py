"""Train one block of seeds of convolutional networks; keep weights, history and activations."""

import os
import sys
from pathlib import Path

sys.stdout = sys.stderr = Path(snakemake.log[0]).open("w", buffering=1)
sys.path.insert(0, str(Path(snakemake.scriptdir).resolve().parents[1] / "src"))

import msgspec
import torch

from neuroninfo.convolutional.training import stored, train
from neuroninfo.data import datasets
from neuroninfo.files import storage
from neuroninfo.training import devices
from neuroninfo.training.loop import open_checkpoint
from neuroninfo.training.settings import Settings
from neuroninfo.training.splits import split_tensors

torch.set_num_threads(snakemake.threads)
about = {"condition": snakemake.params.condition, "configuration": snakemake.params.settings}
settings = msgspec.convert(snakemake.params.settings, Settings)
gpus = devices.given(snakemake.resources, os.environ)
device = devices.choose_device(snakemake.config["device"], gpus)
print(devices.chosen(device, gpus))
examples = datasets.read(snakemake.input.dataset)
with open_checkpoint(
    snakemake.params.checkpoints,
    about | {"job": "train_convolutional", "code": snakemake.params.code},
    snakemake.input.dataset,
    device,
    snakemake.config["checkpoints"]["minutes"],
) as checkpoint:
    networks, trained = train(
        settings,
        about["condition"]["seeds"],
        split_tensors(examples, device),
        examples.n_classes,
        checkpoint=checkpoint,
        report=print,
    )
    for kind, title, dataset in stored(networks, trained, settings, examples):
        storage.write(dataset, snakemake.output[kind], kind=kind, title=title, **about)
for row, seed in enumerate(about["condition"]["seeds"]):
    accuracy = trained.accuracy[row, -1]
    print(f"seed {seed}: accuracy train {accuracy[0]:.4f}, test {accuracy[2]:.4f}")
for line in devices.used(device):
    print(line)
