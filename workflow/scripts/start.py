"""Make the page that the report begins with."""

import sys
from pathlib import Path

sys.stdout = sys.stderr = Path(snakemake.log[0]).open("w", buffering=1)
sys.path.insert(0, str(Path(snakemake.scriptdir).resolve().parents[1] / "src"))

from neuroninfo.report import start
from neuroninfo.results.claims import read_study

claims = read_study(snakemake.input.claims) if snakemake.input.claims else None
start.write(
    claims,
    snakemake.output[0],
    study=snakemake.params.study,
    explorer=snakemake.params.explorer,
    figures=snakemake.params.figures,
    key_figure=next(iter(snakemake.input.key_figure), None),
    template=snakemake.input.template,
)
