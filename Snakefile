"""What do the neurons of a network know? Configuration in, `rule all` out."""

import sys
from pathlib import Path

from snakemake.exceptions import WorkflowError
from snakemake.utils import min_version

min_version("9.14")


# A default given by `configfile:` alone would be merged with --configfile.
if not config:

    configfile: "config/config.yaml"


report: "workflow/report/workflow.rst"


include: "workflow/rules/conditions.smk"
include: "workflow/rules/data.smk"
include: "workflow/rules/train.smk"
include: "workflow/rules/measure.smk"
include: "workflow/rules/ablate.smk"
include: "workflow/rules/figures.smk"


localrules:
    all,
    dataset,
    gather,
    figure_ablation_network,
    figure_ablation_layers,
    figure_information,
    claims,
    study_claims,


rule all:
    default_target: True
    input:
        FIGURES,
        HISTORIES,
        f"{RESULTS}/claims.csv",


onsuccess:
    print_results()
