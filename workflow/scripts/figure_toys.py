"""Draw all two-dimensional sets: logistic regression, and networks of width two over training."""

import sys
from pathlib import Path

sys.stdout = sys.stderr = Path(snakemake.log[0]).open("w", buffering=1)
sys.path.insert(0, str(Path(snakemake.scriptdir).resolve().parents[1] / "src"))

from neuroninfo.figures import animation, canvas
from neuroninfo.figures.toys import save_animation, toys_logistic, toys_network
from neuroninfo.files import storage

given, into = snakemake.input, snakemake.output
of_logistic = into.logistic, into.logistic_pdf, into.logistic_csv
for path, *figure in zip(given.toys, *of_logistic, strict=True):
    canvas.save(toys_logistic(storage.read(path, "toy")), *figure)

of_networks = into.network, into.network_pdf, into.network_csv
animated = into.network_gif, into.network_page
for toy_path, path, gif, page, *figure in zip(
    given.with_network, given.networks, *animated, *of_networks, strict=True
):
    toy, network = storage.read(toy_path, "toy"), storage.read(path, "toy_network")
    canvas.save(toys_network(toy, network), *figure)
    save_animation(toy, network, gif)
    animation.page(gif, page)
