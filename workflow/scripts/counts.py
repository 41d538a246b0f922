"""Count, from the curves of a condition, how many neurons suffice, destroy and do nothing."""

import sys
from pathlib import Path

sys.stdout = sys.stderr = Path(snakemake.log[0]).open("w", buffering=1)
sys.path.insert(0, str(Path(snakemake.scriptdir).resolve().parents[1] / "src"))

import msgspec

from neuroninfo.files import storage, tables
from neuroninfo.results import counts
from neuroninfo.results.settings import CountSettings

settings = msgspec.convert(snakemake.params.settings, CountSettings)
condition = snakemake.params.condition
counted = counts.count_neurons(
    storage.read(snakemake.input.neurons, "neurons"),
    storage.read(snakemake.input.damage, "damage"),
    storage.read_groups(snakemake.input.ablation, "ablation"),
    settings,
)
storage.write(
    counted,
    snakemake.output.reading,
    kind="reading",
    title="Numbers of neurons read off the ablation curves of each layer",
    condition=condition,
    configuration=snakemake.params.settings,
)
tables.write(counts.summary(counted, condition), snakemake.output.summary)
