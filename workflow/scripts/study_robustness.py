"""Gather accuracies on corrupted inputs and correlate them with redundancy: tables, a figure."""

import sys
from pathlib import Path

sys.stdout = sys.stderr = Path(snakemake.log[0]).open("w", buffering=1)
sys.path.insert(0, str(Path(snakemake.scriptdir).resolve().parents[1] / "src"))

import pandas as pd

from neuroninfo.figures import canvas, wording
from neuroninfo.figures.robustness import robustness
from neuroninfo.files import pages, storage, tables
from neuroninfo.results.robustness import agreement, networks, summary
from neuroninfo.vocabulary import CONDITION

into, params = snakemake.output, snakemake.params
synergy = dict(zip(map(tuple, params.with_synergy), snakemake.input.synergy, strict=True))
rows, parts = [], []
for names, path in zip(params.conditions, snakemake.input.robustness, strict=True):
    condition = dict(zip(CONDITION, names, strict=True))
    accuracies = storage.read(path, "robustness")
    rows.append(summary(accuracies, condition))
    measured = synergy.get(tuple(names))
    layers = {} if measured is None else storage.opened_groups(measured, "synergy")
    parts.append(networks(accuracies, condition, layers))
table, points = (pd.concat(frames, ignore_index=True) for frames in (rows, parts))
tables.write(table, into.table)
tables.write(points, into.networks)
correlations = agreement(points, params.study_seed)
tables.write(correlations, into.agreement)
pages.write(wording.of_conditions(table), into.page, title="Accuracy on corrupted inputs")
canvas.save(robustness(table, points, correlations), *into.figure)
