"""Set compression and information against the generalization gap, as tables and a figure."""

import sys
from pathlib import Path

sys.stdout = sys.stderr = Path(snakemake.log[0]).open("w", buffering=1)
sys.path.insert(0, str(Path(snakemake.scriptdir).resolve().parents[1] / "src"))

import pandas as pd

from neuroninfo.figures import canvas, wording
from neuroninfo.figures.compression_gap import compression_gap
from neuroninfo.files import pages, tables
from neuroninfo.results.compression_gap import PAGE, agreement, networks, sentence, shown
from neuroninfo.results.planes import opened
from neuroninfo.vocabulary import CONDITION

into, params = snakemake.output, snakemake.params
points = pd.concat(
    [
        networks(opened(path), dict(zip(CONDITION, names, strict=True)), kind, noise)
        for names, kind, noise, path in zip(
            params.conditions, params.kinds, params.noise, snakemake.input.planes, strict=True
        )
    ],
    ignore_index=True,
)
tables.write(points, into.networks)
correlations = agreement(points, params.study_seed)
tables.write(correlations, into.table)
page = correlations[list(PAGE)].assign(source=correlations["source"].map(wording.of_dataset))
pages.write(
    page,
    into.page,
    title="Compression against the generalization gap",
    lead=f"{sentence(shown(correlations))}.",
)
print(sentence(shown(correlations)))
canvas.save(compression_gap(points, correlations), *into.figure)
