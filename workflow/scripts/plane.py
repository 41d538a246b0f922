"""Train a block of seeds and estimate information planes on the way."""

import sys
from pathlib import Path

sys.stdout = sys.stderr = Path(snakemake.log[0]).open("w", buffering=1)
sys.path.insert(0, str(Path(snakemake.scriptdir).parents[1] / "src"))

import torch

from neuroninfo import datasets, plane_training, planes, storage, training

torch.set_num_threads(snakemake.threads)
condition, resolved = snakemake.params.condition, snakemake.params.settings
settings = training.settings_from(resolved["training"])
device = training.choose_device(snakemake.config["device"], snakemake.resources.get("gpu", 0))
examples = datasets.read(snakemake.input.dataset)
splits = training.split_tensors(examples, device)
plane = plane_training.train(
    training.architecture(examples, settings, condition["activation"]),
    condition["seeds"],
    splits,
    settings,
    plane_training.planes_from(resolved),
    on=plane_training.measured(examples, splits),
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
done = plane["success"] == 1
failed = ~done & (plane["reason"] != planes.SKIPPED)
print(f"{int(done.sum())} estimates, {int(failed.sum())} failed (variable `reason`)")
