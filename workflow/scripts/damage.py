"""Switch off every neuron of a block of seeds alone."""

import sys
from pathlib import Path

sys.stdout = sys.stderr = Path(snakemake.log[0]).open("w", buffering=1)
sys.path.insert(0, str(Path(snakemake.scriptdir).resolve().parents[1] / "src"))

from neuroninfo import datasets, networks, reference, storage

examples = datasets.read(snakemake.input.dataset, splits=["validation", "test"])
storage.write(
    reference.damage(
        networks.from_dataset(storage.read(snakemake.input.network, "network")),
        {
            name: (examples.inputs[examples.split(name)], examples.labels[examples.split(name)])
            for name in ("validation", "test")
        },
        threads=snakemake.threads,
    ),
    snakemake.output.damage,
    kind="damage",
    title="What is left when a neuron alone is switched off",
    condition=snakemake.params.condition,
    configuration={},
)
