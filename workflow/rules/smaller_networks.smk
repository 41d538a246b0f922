"""Smaller networks: pruned ones, and ones of few bits."""


rule prune:
    input:
        unpack(kept_orders),
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
        mem_mb=growing(4000),
        runtime=growing(120),
    params:
        condition=block_of,
        settings=lambda wildcards: STUDY.pruning_settings(condition_of(wildcards)),
        code=lambda wildcards: code("prune.py"),
    script:
        "../scripts/prune.py"


rule low_bit:
    input:
        dataset="results/datasets/{dataset}.nc",
        network=f"{BLOCK}/network.nc",
    output:
        f"{BLOCK}/precision.nc",
    log:
        f"logs/{BLOCK}/precision.log",
    benchmark:
        f"logs/benchmarks/{BLOCK}/precision.tsv"
    conda:
        "../../envs/neuroninfo.yaml"
    threads: 1
    resources:
        mem_mb=growing(4000),
        runtime=growing(120),
    params:
        condition=block_of,
        settings=lambda wildcards: STUDY.precision_settings(),
        code=lambda wildcards: code("low_bit.py"),
    script:
        "../scripts/low_bit.py"


rule figure_pruning:
    input:
        f"{CONDITION}/pruned.nc",
    output:
        png=report(
            f"{FIGURE}/pruning.png",
            caption="../report/pruning.rst",
            category=BEYOND,
            subcategory=BY_CONDITION,
            labels=figure_labels("pruned networks"),
        ),
        pdf=f"{FIGURE}/pruning.pdf",
        csv=f"{FIGURE}/pruning.csv",
        table=f"{CONDITION}/pruning.csv",
    log:
        f"logs/{FIGURE}/pruning.log",
    conda:
        "../../envs/neuroninfo.yaml"
    resources:
        mem_mb=growing(2000),
        runtime=growing(10),
    params:
        condition=described,
        study_seed=STUDY.seed,
        code=lambda wildcards: code("figure_pruning.py"),
    script:
        "../scripts/figure_pruning.py"


rule figure_precision:
    input:
        f"{CONDITION}/precision.nc",
    output:
        png=report(
            f"{FIGURE}/precision.png",
            caption="../report/precision.rst",
            category=BEYOND,
            subcategory=BY_CONDITION,
            labels=figure_labels("networks of few bits"),
        ),
        pdf=f"{FIGURE}/precision.pdf",
        csv=f"{FIGURE}/precision.csv",
        table=f"{CONDITION}/precision.csv",
    log:
        f"logs/{FIGURE}/precision.log",
    conda:
        "../../envs/neuroninfo.yaml"
    resources:
        mem_mb=growing(2000),
        runtime=growing(10),
    params:
        condition=described,
        study_seed=STUDY.seed,
        code=lambda wildcards: code("figure_precision.py"),
    script:
        "../scripts/figure_precision.py"
