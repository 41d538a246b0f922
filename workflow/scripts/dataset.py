"""Make one data set's file: inputs, labels and a seeded, stratified split."""

import sys
from pathlib import Path

sys.stdout = sys.stderr = Path(snakemake.log[0]).open("w", buffering=1)
sys.path.insert(0, str(Path(snakemake.scriptdir).resolve().parents[1] / "src"))

import msgspec

from neuroninfo.data import datasets
from neuroninfo.data.settings import DatasetSettings
from neuroninfo.data.sources import data_root
from neuroninfo.files import storage

settings = msgspec.convert(snakemake.params.settings, DatasetSettings)
root = data_root(snakemake.config["data_root"])
storage.write(
    datasets.make(settings, root),
    snakemake.output[0],
    kind="dataset",
    title=f"The task {snakemake.wildcards.dataset}",
    condition={"dataset": snakemake.wildcards.dataset},
    configuration=snakemake.params.settings,
)
