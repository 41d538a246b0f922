"""The blocks of seeds of a condition put together."""


rule gather:
    input:
        of_blocks,
    output:
        f"{CONDITION}/{{kind}}.nc",
    log:
        f"logs/{CONDITION}/gather-{{kind}}.log",
    wildcard_constraints:
        kind=GATHERED,
    localrule: True
    conda:
        "../../envs/neuroninfo.yaml"
    resources:
        mem_mb=4000,
        runtime=30,
    params:
        condition=seeds_of,
        code=lambda wildcards: code("gather.py"),
    script:
        "../scripts/gather.py"


rule gather_ablation:
    input:
        of_blocks,
    output:
        f"{CONDITION}/ablation-{{orderings}}.nc",
    log:
        f"logs/{CONDITION}/gather-ablation-{{orderings}}.log",
    localrule: True
    conda:
        "../../envs/neuroninfo.yaml"
    resources:
        mem_mb=4000,
        runtime=30,
    params:
        condition=seeds_of,
        code=lambda wildcards: code("gather_ablation.py"),
    script:
        "../scripts/gather_ablation.py"
