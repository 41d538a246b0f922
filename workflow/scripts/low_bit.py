"""Give the networks of a block few bits, measure and ablate them."""

import sys
from pathlib import Path

sys.stdout = sys.stderr = Path(snakemake.log[0]).open("w", buffering=1)
sys.path.insert(0, str(Path(snakemake.scriptdir).resolve().parents[1] / "src"))

import msgspec

from neuroninfo.data import datasets
from neuroninfo.files import storage
from neuroninfo.networks.stack import from_dataset
from neuroninfo.smaller import low_bit
from neuroninfo.smaller.settings import LowBitSettings

condition = snakemake.params.condition
settings = msgspec.convert(snakemake.params.settings, LowBitSettings)
examples = datasets.read(snakemake.input.dataset, splits=["validation", "test"])
validation, test = (
    (examples.inputs[rows], examples.labels[rows])
    for rows in map(examples.split, ("validation", "test"))
)
stack = from_dataset(storage.read(snakemake.input.network, "network", condition=condition))
storage.write(
    low_bit.by_bits(stack, validation, test, settings),
    snakemake.output[0],
    kind="precision",
    title="Accuracy, information and ablation of networks of few bits",
    condition=condition,
    configuration=snakemake.params.settings,
)
