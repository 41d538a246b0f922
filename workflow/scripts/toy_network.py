"""Train networks of width two on a two-dimensional set."""

import sys
from pathlib import Path

sys.stdout = sys.stderr = Path(snakemake.log[0]).open("w", buffering=1)
sys.path.insert(0, str(Path(snakemake.scriptdir).resolve().parents[1] / "src"))

import msgspec
import torch

from neuroninfo.files import storage
from neuroninfo.toys.networks import train
from neuroninfo.toys.settings import ToyNetworkSettings

torch.set_num_threads(snakemake.threads)
settings = msgspec.convert(snakemake.params.settings, ToyNetworkSettings)
storage.write(
    train(storage.read(snakemake.input[0], "toy"), settings),
    snakemake.output[0],
    kind="toy_network",
    title="Networks of width two over training",
    condition=snakemake.params.condition,
    configuration=snakemake.params.settings,
)
