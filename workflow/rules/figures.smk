"""The talk's figures of every condition, and conditions compared."""


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
    conda:
        "../../envs/neuroninfo.yaml"
    resources:
        mem_mb=growing(2000),
        runtime=growing(10),
    params:
        condition=seeds_of,
        study_seed=STUDY.seed,
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
    conda:
        "../../envs/neuroninfo.yaml"
    resources:
        mem_mb=growing(2000),
        runtime=growing(10),
    params:
        condition=seeds_of,
        study_seed=STUDY.seed,
        code=lambda wildcards: code("figure_ablation_layers.py"),
    script:
        "../scripts/figure_ablation_layers.py"


rule figure_information:
    input:
        neurons=f"{CONDITION}/neurons.nc",
    output:
        report(
            f"{FIGURE}/information.png",
            caption="../report/information.rst",
            category=ABLATION,
            subcategory=BY_DATASET,
            labels=figure_labels("information by layer"),
        ),
        f"{FIGURE}/information.pdf",
        f"{FIGURE}/information.csv",
    log:
        f"logs/{FIGURE}/information.log",
    conda:
        "../../envs/neuroninfo.yaml"
    resources:
        mem_mb=growing(2000),
        runtime=growing(10),
    params:
        condition=seeds_of,
        code=lambda wildcards: code("figure_information.py"),
    script:
        "../scripts/figure_information.py"


rule figure_comparison:
    input:
        readings=lambda wildcards: of_comparison(wildcards, "reading.csv"),
        claims=lambda wildcards: of_comparison(wildcards, "claims.csv"),
    output:
        report(
            f"{FIGURES}/comparison-{{comparison}}.png",
            caption="../report/comparison.rst",
            category=CLAIMS,
            subcategory=OF_THE_STUDY,
            labels={"figure": "comparison {comparison}"},
        ),
        f"{FIGURES}/comparison-{{comparison}}.pdf",
        f"{FIGURES}/comparison-{{comparison}}.csv",
    log:
        f"logs/{FIGURES}/comparison-{{comparison}}.log",
    conda:
        "../../envs/neuroninfo.yaml"
    resources:
        mem_mb=growing(2000),
        runtime=growing(10),
    params:
        comparison=lambda wildcards: STUDY.comparison_settings(wildcards.comparison),
        code=lambda wildcards: code("figure_comparison.py"),
    script:
        "../scripts/figure_comparison.py"
