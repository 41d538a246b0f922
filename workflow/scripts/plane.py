"""Train a block of seeds and estimate information planes on the way."""

import sys
from pathlib import Path

sys.stdout = sys.stderr = Path(snakemake.log[0]).open("w", buffering=1)
sys.path.insert(0, str(Path(snakemake.scriptdir).parents[1] / "src"))

import torch

from neuroninfo import datasets, plane_training, storage, training
from neuroninfo.estimators.names import named

torch.set_num_threads(snakemake.threads)
condition, resolved = snakemake.params.condition, snakemake.params.settings
settings = training.settings_from(resolved["training"])
device = training.choose_device(snakemake.config["device"], snakemake.resources.get("gpu", 0))
examples = datasets.read(snakemake.input.dataset)
plane = plane_training.train(
    training.architecture(examples, settings, condition["activation"]),
    condition["seeds"],
    training.split_tensors(examples, device),
    settings,
    [named(name) for name in resolved["estimators"]],
    resolved["epochs"],
    gathered_bytes=2**20 * snakemake.config["memory"]["gathered_mb"],
)
storage.write(
    plane,
    snakemake.output[0],
    kind="plane",
    title="Information of every layer over the epochs of training",
    condition=condition,
    configuration=resolved,
)
failed = int((plane["success"] == 0).sum())
print(f"{plane['success'].size - failed} estimates, {failed} failed (variable `reason`)")
