"""List pairs of neurons that are needed jointly, and draw them and sets of neurons."""

import sys
from pathlib import Path

sys.stdout = sys.stderr = Path(snakemake.log[0]).open("w", buffering=1)
sys.path.insert(0, str(Path(snakemake.scriptdir).resolve().parents[1] / "src"))

from neuroninfo.figures import canvas, wording
from neuroninfo.figures.synergy import needed_pairs, synergy_sets
from neuroninfo.files import pages, storage, tables
from neuroninfo.results.needed_pairs import Page, listed
from neuroninfo.results.synergy import COLUMNS

into = snakemake.output
conditions = [
    (condition, storage.opened_groups(path, "synergy", condition=condition))
    for condition, path in zip(snakemake.params.conditions, snakemake.input.pairs, strict=True)
]
page = Page()
tables.write(page.of(listed(conditions)), into.table)
title = "Pairs of neurons that are spared singly and needed jointly"
pages.write(wording.of_conditions(page.table()), into.page, title=title)
measured = tables.read(snakemake.input.measured, COLUMNS)
canvas.save(needed_pairs(measured), *into.needed)
canvas.save(synergy_sets(conditions), *into.sets)
