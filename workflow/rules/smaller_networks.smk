"""Smaller networks: pruned ones, and ones of few bits."""

for condition, plan in STUDY.plans.items():
    OWN_FIGURES[condition] += [
        name for name in ("pruning", "precision") if name in plan.experiments
    ]


rule prune:
    input:
        unpack(
            lambda wildcards: searched_orders(
                wildcards, STUDY.pruning_orderings(condition_of(wildcards))
            )
        ),
        dataset="results/datasets/{dataset}.nc",
        network=f"{BLOCK}/network.nc",
        neurons=f"{BLOCK}/neurons.nc",
    output:
        f"{BLOCK}/pruned.nc",
    log:
        f"logs/{BLOCK}/prune.log",
    benchmark:
        f"logs/benchmarks/{BLOCK}/prune.tsv"
    conda:
        "../../envs/neuroninfo.yaml"
    threads: 1
    resources:
        mem_mb=needing("prune"),
        runtime=lasting(120),
    params:
        condition=block_of,
        settings=lambda wildcards: STUDY.pruning_settings(condition_of(wildcards)),
        code=lambda wildcards: code("prune.py"),
    script:
        "../scripts/prune.py"


rule figure_pruning:
    input:
        of_condition("pruned.nc"),
    output:
        table=f"{CONDITION}/pruning.csv",
        figure=[
            report(
                f"{FIGURE}/pruning.png",
                caption="../report/pruning.rst",
                category=BEYOND,
                subcategory=BY_CONDITION,
                labels=figure_labels("pruned networks"),
            ),
            f"{FIGURE}/pruning.pdf",
            f"{FIGURE}/pruning.csv",
        ],
    log:
        f"logs/{FIGURE}/pruning.log",
    localrule: True
    conda:
        "../../envs/neuroninfo.yaml"
    resources:
        mem_mb=2000,
        runtime=10,
    params:
        condition=described,
        code=lambda wildcards: code("figure_pruning.py"),
    script:
        "../scripts/figure_pruning.py"


rule low_bit:
    input:
        dataset="results/datasets/{dataset}.nc",
        network=f"{BLOCK}/network.nc",
    output:
        f"{BLOCK}/precision.nc",
    log:
        f"logs/{BLOCK}/low_bit.log",
    benchmark:
        f"logs/benchmarks/{BLOCK}/low_bit.tsv"
    conda:
        "../../envs/neuroninfo.yaml"
    threads: 1
    resources:
        mem_mb=needing("low_bit"),
        runtime=lasting(120),
    params:
        condition=block_of,
        settings=lambda wildcards: STUDY.precision_settings(),
        code=lambda wildcards: code("low_bit.py"),
    script:
        "../scripts/low_bit.py"


rule figure_precision:
    input:
        of_condition("precision.nc"),
    output:
        table=f"{CONDITION}/precision.csv",
        figure=[
            report(
                f"{FIGURE}/precision.png",
                caption="../report/precision.rst",
                category=BEYOND,
                subcategory=BY_CONDITION,
                labels=figure_labels("networks of few bits"),
            ),
            f"{FIGURE}/precision.pdf",
            f"{FIGURE}/precision.csv",
        ],
    log:
        f"logs/{FIGURE}/precision.log",
    localrule: True
    conda:
        "../../envs/neuroninfo.yaml"
    resources:
        mem_mb=2000,
        runtime=10,
    params:
        condition=described,
        code=lambda wildcards: code("figure_precision.py"),
    script:
        "../scripts/figure_precision.py"
