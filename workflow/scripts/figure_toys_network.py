"""Draw a set in the input and the hidden layers of a network of width two, and over training."""

import sys
from pathlib import Path

sys.stdout = sys.stderr = Path(snakemake.log[0]).open("w", buffering=1)
sys.path.insert(0, str(Path(snakemake.scriptdir).resolve().parents[1] / "src"))

from neuroninfo.figures import animation, canvas
from neuroninfo.figures.toys import save_animation, toys_network
from neuroninfo.files import storage

toy = storage.read(snakemake.input.toy, "toy")
network = storage.read(snakemake.input.network, "toy_network")
drawn = toys_network(toy, network)
canvas.save(drawn, snakemake.output.png, snakemake.output.pdf, snakemake.output.csv)
save_animation(toy, network, snakemake.output.gif)
animation.page(snakemake.output.gif, snakemake.output.page)
