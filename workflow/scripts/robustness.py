"""Measure the accuracy of a block of seeds on corrupted inputs."""

import sys
from pathlib import Path

sys.stdout = sys.stderr = Path(snakemake.log[0]).open("w", buffering=1)
sys.path.insert(0, str(Path(snakemake.scriptdir).resolve().parents[1] / "src"))

import msgspec

from neuroninfo.data import datasets
from neuroninfo.files import storage
from neuroninfo.networks.stack import from_dataset
from neuroninfo.robustness.accuracy import robustness
from neuroninfo.robustness.settings import RobustnessSettings

condition = snakemake.params.condition
scaling = storage.read(snakemake.input.dataset, "dataset", variables=["offset", "scale"])
storage.write(
    robustness(
        from_dataset(storage.read(snakemake.input.network, "network", condition=condition)),
        datasets.read(snakemake.input.dataset, splits=["test"]),
        (scaling["offset"].values, scaling["scale"].values),
        msgspec.convert(snakemake.params.settings, RobustnessSettings),
    ),
    snakemake.output[0],
    kind="robustness",
    title="Accuracy on corrupted inputs",
    condition=condition,
    configuration=snakemake.params.settings,
)
