"""Train a block of seeds and estimate information planes on the way."""

import sys
from pathlib import Path

sys.stdout = sys.stderr = Path(snakemake.log[0]).open("w", buffering=1)
sys.path.insert(0, str(Path(snakemake.scriptdir).parents[1] / "src"))

import torch

from neuroninfo import datasets, networks, plane_training, storage, training
from neuroninfo.estimators.names import named

torch.set_num_threads(snakemake.threads)
condition, resolved = snakemake.params.condition, snakemake.params.settings
settings = training.settings_from(resolved["training"])
device = training.choose_device(snakemake.config["device"], snakemake.resources.get("gpu", 0))
examples = datasets.read(snakemake.input.dataset)
architecture = networks.Architecture(
    n_inputs=examples.inputs.shape[1],
    hidden=networks.hidden_widths(condition["architecture"]),
    n_classes=examples.n_classes,
    activation=condition["activation"],
    batch_norm=settings.regularizer.batch_norm_momentum is not None,
)
seeds = condition["seeds"]
plane = plane_training.train(
    architecture,
    seeds,
    training.split_tensors(examples, device),
    settings,
    [named(name) for name in resolved["estimators"]],
    resolved["epochs"],
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
