"""Draw the ablation of a condition (T6 to T9), and what its neurons know (T10)."""

import sys
from pathlib import Path

sys.stdout = sys.stderr = Path(snakemake.log[0]).open("w", buffering=1)
sys.path.insert(0, str(Path(snakemake.scriptdir).resolve().parents[1] / "src"))

from neuroninfo.figures import canvas
from neuroninfo.figures.ablation import ablation_layers, ablation_network
from neuroninfo.figures.information import information
from neuroninfo.figures.simpson import simpson
from neuroninfo.files import storage, tables
from neuroninfo.results import counts
from neuroninfo.results.simpson import COLUMNS

figures = snakemake.output
condition = snakemake.params.condition
ablation = storage.opened_groups(snakemake.input.ablation, "ablation")
neurons = storage.opened(snakemake.input.neurons, "neurons")
damage = storage.opened(snakemake.input.damage, "damage")
read_off = counts.read(snakemake.input.counts)
correlations = tables.read(snakemake.input.correlations, COLUMNS)

canvas.save(ablation_network(ablation["network"], condition), *figures.ablation_network)
canvas.save(ablation_layers(ablation, condition, counts=read_off), *figures.ablation_layers)
canvas.save(information(neurons, condition), *figures.information)
canvas.save(simpson(neurons, damage, correlations, condition), *figures.simpson)
