"""Train networks on subsets of several sizes: gaps, and bounds on them."""

import os
import sys
from pathlib import Path

sys.stdout = sys.stderr = Path(snakemake.log[0]).open("w", buffering=1)
sys.path.insert(0, str(Path(snakemake.scriptdir).resolve().parents[1] / "src"))

import msgspec
import torch

from neuroninfo.data import datasets, subsets
from neuroninfo.files import storage
from neuroninfo.generalization import gaps
from neuroninfo.generalization.settings import GapSettings
from neuroninfo.training import devices
from neuroninfo.training.loop import open_checkpoint

torch.set_num_threads(snakemake.threads)
about = {"condition": snakemake.params.condition, "configuration": snakemake.params.settings}
settings = msgspec.convert(snakemake.params.settings, GapSettings)
gpus = devices.given(snakemake.resources, os.environ)
device = devices.choose_device(snakemake.config["device"], gpus)
print(devices.chosen(device, gpus))
examples = subsets.relabelled(
    datasets.read(snakemake.input.dataset),
    settings.label_noise,
    settings.training.study_seed,
)
with open_checkpoint(
    snakemake.params.checkpoints,
    about | {"job": "bounds", "code": snakemake.params.code},
    snakemake.input.dataset,
    device,
    snakemake.config["checkpoints"]["minutes"],
    unit="size number",
) as checkpoint:
    with_bounds = gaps.gaps(
        examples,
        settings,
        about["condition"]["seeds"],
        device,
        gathered_bytes=2**20 * snakemake.config["memory"]["gathered_mb"],
        checkpoint=checkpoint,
        report=print,
    )
    title = "Generalization gaps and bounds by size of the training set"
    storage.write(with_bounds, snakemake.output[0], kind="bounds", title=title, **about)
for line in devices.used(device):
    print(line)
