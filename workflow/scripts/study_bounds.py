"""Draw gaps with bounds on them, and write where bounds say something and predict the gap."""

import sys
from pathlib import Path

sys.stdout = sys.stderr = Path(snakemake.log[0]).open("w", buffering=1)
sys.path.insert(0, str(Path(snakemake.scriptdir).resolve().parents[1] / "src"))

from neuroninfo.figures import canvas
from neuroninfo.figures.bounds import bounds, bounds_supersample, bounds_tighter
from neuroninfo.files import pages, storage, tables
from neuroninfo.results import tighter
from neuroninfo.results.bounds import summary

into = snakemake.output
gaps = [storage.read(path, "bounds") for path in snakemake.input.gaps]
supersamples = [storage.read(path, "supersample") for path in snakemake.input.supersamples]
table = summary(gaps, supersamples)
tables.write(table, into.table)
pages.write(table, into.page, title="Bounds on the generalization gap")
if gaps:
    canvas.save(bounds(gaps, "error"), *into.error)
    canvas.save(bounds(gaps, "cross-entropy"), *into.cross_entropy)
if supersamples:
    canvas.save(bounds_supersample(supersamples), *into.supersample)
    canvas.save(bounds_tighter(supersamples, tighter.summary(supersamples)), *into.tighter)
