"""Neurons switched off: alone, and one after another in the order of what was measured."""

ABLATION_FILES = [
    file_of(condition, f"ablation-{orderings}.nc")
    for condition, plan in STUDY.plans.items()
    for orderings in plan.orderings
]
for condition in DRAWN:
    OWN_FIGURES[condition] += ["ablation-network", "ablation-layers"]


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
        unpack(lambda wildcards: searched_orders(wildcards, wildcards.orderings)),
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


rule figure_ablation_network:
    input:
        ablation=first_ablation,
    output:
        report(
            f"{FIGURE}/ablation-network.png",
            caption="../report/ablation-network.rst",
            category=ABLATION,
            subcategory=BY_DATASET,
            labels=figure_labels("ablation of the whole network"),
        ),
        f"{FIGURE}/ablation-network.pdf",
        f"{FIGURE}/ablation-network.csv",
    log:
        f"logs/{FIGURE}/ablation-network.log",
    localrule: True
    conda:
        "../../envs/neuroninfo.yaml"
    resources:
        mem_mb=2000,
        runtime=10,
    params:
        condition=seeds_of,
        code=lambda wildcards: code("figure_ablation_network.py"),
    script:
        "../scripts/figure_ablation_network.py"


rule figure_ablation_layers:
    input:
        ablation=first_ablation,
        counts=f"{CONDITION}/reading.csv",
    output:
        report(
            f"{FIGURE}/ablation-layers.png",
            caption="../report/ablation-layers.rst",
            category=ABLATION,
            subcategory=BY_DATASET,
            labels=figure_labels("ablation within each layer"),
        ),
        f"{FIGURE}/ablation-layers.pdf",
        f"{FIGURE}/ablation-layers.csv",
    log:
        f"logs/{FIGURE}/ablation-layers.log",
    localrule: True
    conda:
        "../../envs/neuroninfo.yaml"
    resources:
        mem_mb=2000,
        runtime=10,
    params:
        condition=seeds_of,
        code=lambda wildcards: code("figure_ablation_layers.py"),
    script:
        "../scripts/figure_ablation_layers.py"
