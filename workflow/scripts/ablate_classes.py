"""Ablate a block of seeds in the orders of each class; count what stays right by class."""

import sys
from pathlib import Path

sys.stdout = sys.stderr = Path(snakemake.log[0]).open("w", buffering=1)
sys.path.insert(0, str(Path(snakemake.scriptdir).resolve().parents[1] / "src"))

import msgspec

from neuroninfo.ablation.classes import ablate_classes
from neuroninfo.ablation.settings import ClassSettings
from neuroninfo.data import datasets
from neuroninfo.files import storage
from neuroninfo.networks.stack import from_dataset

condition = snakemake.params.condition
settings = msgspec.convert(snakemake.params.settings, ClassSettings)
examples = datasets.read(snakemake.input.dataset, splits=["test"])
activations = storage.each(
    snakemake.input.activations,
    "activations",
    "seed",
    variables=["activation", "label"],
    condition=condition,
)
curves = ablate_classes(
    from_dataset(storage.read(snakemake.input.network, "network", condition=condition)),
    activations,
    examples.inputs,
    examples.labels,
    settings,
    threads=snakemake.threads,
)
storage.write(
    curves,
    snakemake.output.classes,
    kind="classes",
    title="Correct predictions of each class under ablation in the orders of each class",
    condition=condition,
    configuration=snakemake.params.settings,
)
