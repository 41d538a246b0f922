"""Train networks on random halves of pools of pairs: what predictions tell of the half."""

import os
import sys
from pathlib import Path

sys.stdout = sys.stderr = Path(snakemake.log[0]).open("w", buffering=1)
sys.path.insert(0, str(Path(snakemake.scriptdir).resolve().parents[1] / "src"))

import msgspec
import torch

from neuroninfo.data import datasets, subsets
from neuroninfo.files import storage
from neuroninfo.generalization import supersample
from neuroninfo.generalization.settings import SupersampleSettings
from neuroninfo.training import devices
from neuroninfo.training.loop import open_checkpoint

torch.set_num_threads(snakemake.threads)
about = {"condition": snakemake.params.condition, "configuration": snakemake.params.settings}
settings = msgspec.convert(snakemake.params.settings, SupersampleSettings)
gpus = devices.given(snakemake.resources, os.environ)
device = devices.choose_device(snakemake.config["device"], gpus)
print(devices.chosen(device, gpus))
examples = datasets.read(snakemake.input.dataset)
examples = subsets.relabelled(
    subsets.of_classes(examples, settings.classes or range(examples.n_classes)),
    settings.label_noise,
    settings.training.study_seed,
)
with open_checkpoint(
    snakemake.params.checkpoints,
    about | {"job": "supersample", "code": snakemake.params.code},
    snakemake.input.dataset,
    device,
    snakemake.config["checkpoints"]["minutes"],
    unit="pool number",
) as checkpoint:
    with_bounds = supersample.supersample(
        examples,
        settings,
        device,
        gathered_bytes=2**20 * snakemake.config["memory"]["gathered_mb"],
        checkpoint=checkpoint,
        report=print,
    )
    title = "Bounds from supersamples: do predictions tell the training half?"
    storage.write(with_bounds, snakemake.output[0], kind="supersample", title=title, **about)
for line in devices.used(device):
    print(line)
