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


include: "workflow/rules/study.smk"
include: "workflow/rules/messages.smk"
include: "workflow/rules/data.smk"
include: "workflow/rules/training.smk"
include: "workflow/rules/neurons.smk"
include: "workflow/rules/convolutional.smk"
include: "workflow/rules/blocks.smk"
include: "workflow/rules/toys.smk"
include: "workflow/rules/planes.smk"
include: "workflow/rules/calibration.smk"
include: "workflow/rules/bounds.smk"
include: "workflow/rules/ablation.smk"
include: "workflow/rules/claims.smk"
include: "workflow/rules/rankings.smk"
include: "workflow/rules/smaller_networks.smk"
include: "workflow/rules/synergy.smk"
include: "workflow/rules/classes.smk"
include: "workflow/rules/ablation_gap.smk"
include: "workflow/rules/robustness.smk"


if STUDY.replicates:

    include: "workflow/rules/replication.smk"


if STUDY.first_version:

    include: "workflow/rules/first_version.smk"


if STUDY.splits:

    include: "workflow/rules/splits.smk"


include: "workflow/rules/report.smk"


rule all:
    default_target: True
    input:
        STUDY_FIGURES,
        own_figure_files(STUDY.conditions),
        STUDY_TABLES,
        REPORT_PAGES,
        of_conditions("history.nc", STUDY.ablated),
        of_conditions("damage.nc", STUDY.ablated),
        ABLATION_FILES,


for name in config["datasets"]:

    rule:
        name:
            f"figures_{name}"
        input:
            own_figure_files(c for c in STUDY.conditions if c.dataset == name),
            figure_files(
                f"comparison-{comparison}"
                for comparison, compared in config["comparisons"].items()
                if compared["dataset"] == name
            ),


rule:
    name:
        "figures_toys"
    input:
        TOY_FIGURES,


rule:
    name:
        "figures_planes"
    input:
        own_figure_files(STUDY.with_planes),
        CALIBRATION_FIGURES,
        PLANE_FIGURES,


rule:
    name:
        "figures_bounds"
    input:
        BOUND_FIGURES,
        BOUND_TABLES,


onstart:
    refuse_placeholders()


onsuccess:
    print_results(
        [*STUDY_FIGURES, *own_figure_files(STUDY.conditions)],
        [*STUDY_TABLES, *REPORT_PAGES],
    )


onerror:
    print_failures(log)
