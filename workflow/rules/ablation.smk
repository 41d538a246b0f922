"""Neurons switched off: alone, and one after another in the order of what was measured."""


rule damage:
    input:
        dataset="results/datasets/{dataset}.nc",
        network=f"{BLOCK}/network.nc",
    output:
        damage=f"{BLOCK}/damage.nc",
    log:
        f"logs/{BLOCK}/damage.log",
    benchmark:
        f"logs/benchmarks/{BLOCK}/damage.tsv"
    conda:
        "../../envs/neuroninfo.yaml"
    threads: 1
    resources:
        mem_mb=growing(4000),
        runtime=growing(60),
    params:
        condition=block_of,
        code=lambda wildcards: code("damage.py"),
    script:
        "../scripts/damage.py"


rule rank:
    input:
        dataset="results/datasets/{dataset}.nc",
        network=f"{BLOCK}/network.nc",
        activations=f"{BLOCK}/activations.nc",
        damage=f"{BLOCK}/damage.nc",
    output:
        orders=f"{BLOCK}/orders-{{orderings}}.nc",
    log:
        f"logs/{BLOCK}/rank-{{orderings}}.log",
    benchmark:
        f"logs/benchmarks/{BLOCK}/rank-{{orderings}}.tsv"
    conda:
        "../../envs/neuroninfo.yaml"
    threads: 1
    resources:
        mem_mb=growing(4000),
        runtime=growing(240),
    params:
        condition=block_of,
        settings=lambda wildcards: STUDY.search_settings(wildcards.orderings),
        code=lambda wildcards: code("rank.py"),
    script:
        "../scripts/rank.py"


rule ablate:
    input:
        unpack(found_orders),
        dataset="results/datasets/{dataset}.nc",
        network=f"{BLOCK}/network.nc",
        neurons=f"{BLOCK}/neurons.nc",
    output:
        ablation=f"{BLOCK}/ablation-{{orderings}}.nc",
    log:
        f"logs/{BLOCK}/ablate-{{orderings}}.log",
    benchmark:
        f"logs/benchmarks/{BLOCK}/ablate-{{orderings}}.tsv"
    conda:
        "../../envs/neuroninfo.yaml"
    threads: 1
    resources:
        mem_mb=growing(4000),
        runtime=growing(120),
    params:
        condition=block_of,
        settings=lambda wildcards: STUDY.ablation_settings(wildcards.orderings),
        code=lambda wildcards: code("ablate.py"),
    script:
        "../scripts/ablate.py"


rule gather_ablation:
    input:
        ablations_of_blocks,
    output:
        f"{CONDITION}/ablation-{{orderings}}.nc",
    log:
        f"logs/{CONDITION}/gather-ablation-{{orderings}}.log",
    conda:
        "../../envs/neuroninfo.yaml"
    resources:
        mem_mb=growing(4000),
        runtime=growing(30),
    params:
        condition=seeds_of,
        code=lambda wildcards: code("gather_ablation.py"),
    script:
        "../scripts/gather_ablation.py"
