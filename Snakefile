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
include: "workflow/rules/data.smk"
include: "workflow/rules/training.smk"
include: "workflow/rules/neurons.smk"
include: "workflow/rules/ablation.smk"
include: "workflow/rules/claims.smk"
include: "workflow/rules/figures.smk"
include: "workflow/rules/rankings.smk"
include: "workflow/rules/smaller_networks.smk"
include: "workflow/rules/toys.smk"
include: "workflow/rules/planes.smk"
include: "workflow/rules/bounds.smk"


if STUDY.replicates:

    include: "workflow/rules/replication.smk"


localrules:
    all,
    dataset,
    gather,
    gather_ablation,
    figure_ablation_network,
    figure_ablation_layers,
    figure_information,
    figure_comparison,
    counts,
    study_counts,
    claims,
    study_claims,
    simpson,
    figure_simpson,
    ranking,
    figure_ranking,
    figure_quantizers,
    figure_replacement,
    figure_pruning,
    figure_precision,
    toy,
    figure_toys_logistic,
    figure_toys_network,
    figure_planes,
    join_plane,
    figure_clustering,
    figure_planes_activations,
    study_compression,
    figure_planes_gap,
    figure_calibration,
    figure_bounds,
    figure_bounds_supersample,
    study_bounds,


rule all:
    default_target: True
    input:
        toy_files(),
        figure_files(STUDY.conditions),
        comparison_files(),
        calibration_files(),
        plane_files(),
        bound_files(),
        of_conditions("history.nc"),
        of_conditions("damage.nc"),
        ablation_files(STUDY.conditions),
        study_tables(),
        f"{FIGURES}/replication.png" if STUDY.replicates else [],


for name in config["datasets"]:

    rule:
        name:
            f"figures_{name}"
        input:
            figure_files(c for c in STUDY.conditions if c.dataset == name),
            comparison_files(name),


rule:
    name:
        "figures_toys"
    input:
        toy_files(),


rule:
    name:
        "figures_planes"
    input:
        figure_files(STUDY.with_planes),
        calibration_files(),
        plane_files(),


rule:
    name:
        "figures_bounds"
    input:
        bound_files(),
        bound_tables(),


onstart:
    refuse_placeholders()


onsuccess:
    print_results()


onerror:
    print_failures(log)
