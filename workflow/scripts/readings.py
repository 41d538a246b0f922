"""Read off the curves of a condition how many neurons matter; judge its claims; correlate."""

import sys
from pathlib import Path

sys.stdout = sys.stderr = Path(snakemake.log[0]).open("w", buffering=1)
sys.path.insert(0, str(Path(snakemake.scriptdir).resolve().parents[1] / "src"))

import msgspec

from neuroninfo.files import storage, tables
from neuroninfo.results import claims, counts, curves, ranking, simpson
from neuroninfo.results.settings import CountSettings

condition = snakemake.params.condition
neurons = storage.opened(snakemake.input.neurons, "neurons", condition=condition)
damage = storage.opened(snakemake.input.damage, "damage", condition=condition)
ablations = {
    name: storage.opened_groups(path, "ablation", condition=condition)
    for name, path in zip(snakemake.params.sets, snakemake.input.ablations, strict=True)
}
first = ablations[snakemake.params.sets[0]]
settings = msgspec.convert(snakemake.params.settings, CountSettings)
counted = counts.count_neurons(neurons, damage, first, settings)
storage.write(
    counted,
    snakemake.output.reading,
    kind="reading",
    title="Numbers of neurons read off the ablation curves of each layer",
    condition=condition,
    configuration=snakemake.params.settings,
)
tables.write(counts.summary(counted, condition), snakemake.output.counts)
areas = {
    name: {scope: curves.areas(group) for scope, group in groups.items()}
    for name, groups in ablations.items()
}
judged = claims.claims(neurons, areas, damage, counted, condition)
tables.write(judged, snakemake.output.claims)
tables.write(simpson.correlations(neurons, damage, condition), snakemake.output.correlations)
tables.write(ranking.effects(areas, condition), snakemake.output.effects)
tables.write(ranking.replaced(areas, condition), snakemake.output.replaced)
