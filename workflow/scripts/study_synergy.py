"""Gather redundancy and synergy of all conditions, and draw them beside counts of ablation."""

import sys
from pathlib import Path

sys.stdout = sys.stderr = Path(snakemake.log[0]).open("w", buffering=1)
sys.path.insert(0, str(Path(snakemake.scriptdir).resolve().parents[1] / "src"))

from neuroninfo.figures import canvas, wording
from neuroninfo.figures.synergy import synergy_ablation, synergy_complexity
from neuroninfo.files import pages, tables
from neuroninfo.results import counts, synergy

into = snakemake.output
conditions = snakemake.params.conditions
measured = tables.gather(snakemake.input.measured, synergy.COLUMNS, synergy.KEY, conditions)
tables.write(measured, into.measured)
page = wording.of_conditions(measured[list(synergy.PAGE)])
pages.write(page, into.measured_page, title="Redundancy and synergy by layer")

readings = tables.gather(snakemake.input.counts, counts.COLUMNS, counts.KEY, conditions)
of_layers = synergy.points(measured, readings)
correlations = synergy.agreement(of_layers)
tables.write(of_layers, into.layers)
tables.write(correlations, into.agreement)
canvas.save(synergy_ablation(of_layers, correlations), *into.figure)
complexity = synergy_complexity(measured, snakemake.params.set_size)
canvas.save(complexity, *into.complexity)
