"""Train the blocks of several conditions together; keep weights, history and activations."""

import os
import sys
from pathlib import Path

sys.stdout = sys.stderr = Path(snakemake.log[0]).open("w", buffering=1)
sys.path.insert(0, str(Path(snakemake.scriptdir).resolve().parents[1] / "src"))

import torch

from neuroninfo.training import devices
from neuroninfo.training.blocks import train_blocks

torch.set_num_threads(snakemake.threads)
gpus = devices.given(snakemake.resources, os.environ)
device = devices.choose_device(snakemake.config["device"], gpus)
print(devices.chosen(device, gpus))
files = []
for path in snakemake.params.paths:
    folder = Path(snakemake.output[0]) / path
    folder.mkdir(parents=True)
    kinds = ("network", "history", "activations")
    files.append(
        {kind: folder / f"{kind}.nc" for kind in kinds} | {"failure": folder / "failure.txt"}
    )
train_blocks(
    snakemake.input.dataset,
    snakemake.params.conditions,
    snakemake.params.settings,
    files,
    device=device,
    checkpoints=snakemake.params.checkpoints,
    code=snakemake.params.code,
    config=snakemake.config,
    report=print,
)
