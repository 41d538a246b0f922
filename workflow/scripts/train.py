"""Train one block of seeds of a condition; keep weights, history and activations."""

import sys
from pathlib import Path

sys.stdout = sys.stderr = Path(snakemake.log[0]).open("w", buffering=1)
sys.path.insert(0, str(Path(snakemake.scriptdir).parents[1] / "src"))

import torch

from neuroninfo import datasets, storage, training

torch.set_num_threads(snakemake.threads)
condition, resolved = snakemake.params.condition, snakemake.params.settings
settings = training.settings_from(resolved)
device = training.choose_device(snakemake.config["device"], snakemake.resources.get("gpu", 0))
examples = datasets.read(snakemake.input.dataset)
seeds = condition["seeds"]
trained = training.train(
    training.architecture(examples, settings, condition["activation"]),
    seeds,
    training.split_tensors(examples, device),
    settings,
    gathered_bytes=2**20 * snakemake.config["memory"]["gathered_mb"],
)
about = {"condition": condition, "configuration": resolved}
storage.write(
    training.network_dataset(trained),
    snakemake.output.network,
    kind="network",
    title="Weights of trained networks",
    **about,
)
storage.write(
    training.history_dataset(trained),
    snakemake.output.history,
    kind="history",
    title="Loss and accuracy by epoch",
    **about,
)
storage.write(
    training.activations_dataset(trained, settings, examples),
    snakemake.output.activations,
    kind="activations",
    title="Outputs of every neuron on validation data",
    **about,
)
for seed, accuracy in zip(seeds, trained.accuracy[:, -1], strict=True):
    print(f"seed {seed}: accuracy train {accuracy[0]:.4f}, test {accuracy[2]:.4f}")
