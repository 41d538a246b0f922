"""Train a block of seeds and estimate information planes on the way."""

import os
import sys
from pathlib import Path

sys.stdout = sys.stderr = Path(snakemake.log[0]).open("w", buffering=1)
sys.path.insert(0, str(Path(snakemake.scriptdir).resolve().parents[1] / "src"))

import msgspec
import torch

from neuroninfo.data import datasets
from neuroninfo.files import storage
from neuroninfo.planes import layers
from neuroninfo.planes.settings import PlaneSettings
from neuroninfo.planes.training import measured, train
from neuroninfo.training import devices
from neuroninfo.training.loop import architecture_for, open_checkpoint
from neuroninfo.training.splits import split_tensors

torch.set_num_threads(snakemake.threads)
about = {"condition": snakemake.params.condition, "configuration": snakemake.params.settings}
settings = msgspec.convert(snakemake.params.settings, PlaneSettings)
gpus = devices.given(snakemake.resources, os.environ)
device = devices.choose_device(snakemake.config["device"], gpus)
print(devices.chosen(device, gpus))
examples = datasets.read(snakemake.input.dataset)
splits = split_tensors(examples, device)
with open_checkpoint(
    snakemake.params.checkpoints,
    about | {"job": "plane", "code": snakemake.params.code},
    snakemake.input.dataset,
    device,
    snakemake.config["checkpoints"]["minutes"],
) as checkpoint:
    plane = train(
        architecture_for(examples, settings.training),
        about["condition"]["seeds"],
        splits,
        settings,
        on=measured(examples, splits, settings.examples),
        gathered_bytes=2**20 * snakemake.config["memory"]["gathered_mb"],
        checkpoint=checkpoint,
        report=print,
    )
    title = "Information of every layer over the epochs of training"
    whole = examples.complete and settings.examples is None
    plane = plane.assign_attrs(complete=int(whole))  # whether it is of all inputs that there are
    storage.write(plane, snakemake.output[0], kind="plane", title=title, **about)
done = plane["success"] == 1
failed = ~done & (plane["reason"] != layers.SKIPPED)
print(f"{int(done.sum())} estimates, {int(failed.sum())} failed (variable `reason`)")
for line in devices.used(device):
    print(line)
