"""Neurons switched off: alone, and one after another in the order of what was measured."""

ABLATION_FILES = [
    file_of(condition, f"ablation-{orderings}.nc")
    for condition, plan in STUDY.plans.items()
    for orderings in plan.orderings
]
for condition in DRAWN:
    OWN_FIGURES[condition] += [
        "ablation-network",
        "ablation-layers",
        "information",
        "simpson",
    ]


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
    wildcard_constraints:
        architecture=PERCEPTRON,
    priority: AWAITED
    conda:
        "../../envs/neuroninfo.yaml"
    threads: 1
    resources:
        mem_mb=needing("damage"),
        runtime=lasting(estimated("damage")),
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
    priority: AWAITED
    conda:
        "../../envs/neuroninfo.yaml"
    threads: 1
    resources:
        mem_mb=needing("rank"),
        runtime=lasting(240),
    params:
        condition=block_of,
        settings=lambda wildcards: STUDY.search_settings(wildcards.orderings),
        code=lambda wildcards: code("rank.py"),
    script:
        "../scripts/rank.py"


rule constants:
    input:
        dataset="results/datasets/{dataset}.nc",
        network=f"{BLOCK}/network.nc",
        activations=f"{BLOCK}/activations.nc",
    output:
        constants=f"{BLOCK}/constants.nc",
    log:
        f"logs/{BLOCK}/constants.log",
    benchmark:
        f"logs/benchmarks/{BLOCK}/constants.tsv"
    priority: AWAITED
    conda:
        "../../envs/neuroninfo.yaml"
    threads: 1
    resources:
        mem_mb=growing(4000),
        runtime=lasting(120),
    params:
        condition=block_of,
        settings=lambda wildcards: STUDY.constant_settings(),
        code=lambda wildcards: code("constants.py"),
    script:
        "../scripts/constants.py"


rule ablate:
    input:
        unpack(lambda wildcards: searched_orders(wildcards, wildcards.orderings)),
        unpack(lambda wildcards: found_constants(wildcards, wildcards.orderings)),
        dataset="results/datasets/{dataset}.nc",
        network=f"{BLOCK}/network.nc",
        neurons=f"{BLOCK}/neurons.nc",
    output:
        ablation=f"{BLOCK}/ablation-{{orderings}}.nc",
    log:
        f"logs/{BLOCK}/ablate-{{orderings}}.log",
    benchmark:
        f"logs/benchmarks/{BLOCK}/ablate-{{orderings}}.tsv"
    wildcard_constraints:
        architecture=PERCEPTRON,
    priority: AWAITED
    conda:
        "../../envs/neuroninfo.yaml"
    threads: 1
    resources:
        mem_mb=needing("ablate"),
        runtime=lasting(estimated("ablate {orderings}")),
    params:
        condition=block_of,
        settings=lambda wildcards: STUDY.ablation_settings(wildcards.orderings),
        code=lambda wildcards: code("ablate.py"),
    script:
        "../scripts/ablate.py"


rule figure_ablation:
    input:
        ablation=first_ablation,
        neurons=of_condition("neurons.nc"),
        damage=of_condition("damage.nc"),
        counts=f"{CONDITION}/reading.csv",
        correlations=f"{CONDITION}/simpson.csv",
    output:
        ablation_network=[
            report(
                f"{FIGURE}/ablation-network.png",
                caption="../report/ablation-network.rst",
                category=ABLATION,
                subcategory=BY_DATASET,
                labels=figure_labels("ablation of the whole network"),
            ),
            f"{FIGURE}/ablation-network.pdf",
            f"{FIGURE}/ablation-network.csv",
        ],
        ablation_layers=[
            report(
                f"{FIGURE}/ablation-layers.png",
                caption="../report/ablation-layers.rst",
                category=ABLATION,
                subcategory=BY_DATASET,
                labels=figure_labels("ablation within each layer"),
            ),
            f"{FIGURE}/ablation-layers.pdf",
            f"{FIGURE}/ablation-layers.csv",
        ],
        information=[
            report(
                f"{FIGURE}/information.png",
                caption="../report/information.rst",
                category=ABLATION,
                subcategory=BY_DATASET,
                labels=figure_labels("information by layer"),
            ),
            f"{FIGURE}/information.pdf",
            f"{FIGURE}/information.csv",
        ],
        simpson=[
            report(
                f"{FIGURE}/simpson.png",
                caption="../report/simpson.rst",
                category=ABLATION,
                subcategory=BY_DATASET,
                labels=figure_labels("Simpson's paradox"),
            ),
            f"{FIGURE}/simpson.pdf",
            f"{FIGURE}/simpson.csv",
        ],
    log:
        f"logs/{FIGURE}/ablation.log",
    localrule: True
    conda:
        "../../envs/neuroninfo.yaml"
    resources:
        mem_mb=4000,
        runtime=30,
    params:
        condition=seeds_of,
        code=lambda wildcards: code("figure_ablation.py"),
    script:
        "../scripts/figure_ablation.py"
