"""Switch off every neuron of a block of seeds alone."""

import sys
from pathlib import Path

sys.stdout = sys.stderr = Path(snakemake.log[0]).open("w", buffering=1)
sys.path.insert(0, str(Path(snakemake.scriptdir).resolve().parents[1] / "src"))

from neuroninfo.ablation import single
from neuroninfo.data import datasets
from neuroninfo.files import storage
from neuroninfo.networks.stack import from_dataset

condition = snakemake.params.condition
examples = datasets.read(snakemake.input.dataset, splits=["validation", "test"])
storage.write(
    single.damage(
        from_dataset(storage.read(snakemake.input.network, "network", condition=condition)),
        {
            name: (examples.inputs[examples.split(name)], examples.labels[examples.split(name)])
            for name in ("validation", "test")
        },
        threads=snakemake.threads,
    ),
    snakemake.output.damage,
    kind="damage",
    title="What is left when a neuron alone is switched off",
    condition=condition,
    configuration={},
)
