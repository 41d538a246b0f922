"""Set ablation curves and redundancy against the generalization gap, as tables and a figure."""

import sys
from pathlib import Path

sys.stdout = sys.stderr = Path(snakemake.log[0]).open("w", buffering=1)
sys.path.insert(0, str(Path(snakemake.scriptdir).resolve().parents[1] / "src"))

import pandas as pd

from neuroninfo.figures import canvas
from neuroninfo.figures.ablation_gap import ablation_gap
from neuroninfo.files import pages, storage, tables
from neuroninfo.results.ablation_gap import agreement, networks
from neuroninfo.vocabulary import CONDITION, NETWORK

into, params = snakemake.output, snakemake.params
synergy = dict(zip(map(tuple, params.with_synergy), snakemake.input.synergy, strict=True))
rows = []
for names, noise, curves, history in zip(
    params.conditions,
    params.noise,
    snakemake.input.ablations,
    snakemake.input.histories,
    strict=True,
):
    measured = synergy.get(tuple(names))
    rows.append(
        networks(
            storage.opened_groups(curves, "ablation")[NETWORK],
            storage.read(history, "history"),
            dict(zip(CONDITION, names, strict=True)),
            noise,
            None if measured is None else storage.opened_groups(measured, "synergy"),
        )
    )
points = pd.concat(rows, ignore_index=True)
tables.write(points, into.networks)
correlations = agreement(points, params.study_seed)
tables.write(correlations, into.table)
pages.write(correlations, into.page, title="Ablation against the generalization gap")
canvas.save(ablation_gap(points, correlations), *into.figure)
