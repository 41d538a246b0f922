"""Which order of neurons matters most: layer share, measures, quantizers, replacements."""

for condition in DRAWN:
    OWN_FIGURES[condition] += [
        *(["layer-share"] if STUDY.controlled(condition) else []),
        *(["ranking"] if STUDY.ranked_sets(condition) else []),
        *(f"quantizers-{name}" for name in STUDY.quantizer_sets(condition)),
        *(f"replacement-{name}" for name in STUDY.balanced_sets(condition)),
    ]


rule figure_layer_share:
    input:
        neurons=of_condition("neurons.nc"),
        claims=f"{CONDITION}/claims.csv",
    output:
        report(
            f"{FIGURE}/layer-share.png",
            caption="../report/layer-share.rst",
            category=ABLATION,
            subcategory=BY_DATASET,
            labels=figure_labels("layer share of effects"),
        ),
        f"{FIGURE}/layer-share.pdf",
        f"{FIGURE}/layer-share.csv",
    log:
        f"logs/{FIGURE}/layer-share.log",
    localrule: True
    conda:
        "../../envs/neuroninfo.yaml"
    resources:
        mem_mb=growing(2000),
        runtime=lasting(10),
    params:
        condition=seeds_of,
        code=lambda wildcards: code("figure_layer_share.py"),
    script:
        "../scripts/figure_layer_share.py"


rule figure_ranking:
    input:
        effects=f"{CONDITION}/effects.csv",
    output:
        report(
            f"{FIGURE}/ranking.png",
            caption="../report/ranking.rst",
            category=BEYOND,
            subcategory=BY_CONDITION,
            labels=figure_labels("ranking of all measures"),
        ),
        f"{FIGURE}/ranking.pdf",
        f"{FIGURE}/ranking.csv",
    log:
        f"logs/{FIGURE}/ranking.log",
    localrule: True
    conda:
        "../../envs/neuroninfo.yaml"
    resources:
        mem_mb=2000,
        runtime=10,
    params:
        condition=seeds_of,
        sets=lambda wildcards: STUDY.ranked_sets(condition_of(wildcards)),
        code=lambda wildcards: code("figure_ranking.py"),
    script:
        "../scripts/figure_ranking.py"


rule figure_quantizers:
    input:
        neurons=of_condition("neurons.nc"),
        claims=f"{CONDITION}/claims.csv",
        effects=f"{CONDITION}/effects.csv",
    output:
        report(
            f"{FIGURE}/quantizers-{{orderings}}.png",
            caption="../report/quantizers.rst",
            category=BEYOND,
            subcategory=BY_CONDITION,
            labels=figure_labels("quantizers, {orderings}"),
        ),
        f"{FIGURE}/quantizers-{{orderings}}.pdf",
        f"{FIGURE}/quantizers-{{orderings}}.csv",
    log:
        f"logs/{FIGURE}/quantizers-{{orderings}}.log",
    localrule: True
    conda:
        "../../envs/neuroninfo.yaml"
    resources:
        mem_mb=2000,
        runtime=10,
    params:
        condition=seeds_of,
        code=lambda wildcards: code("figure_quantizers.py"),
    script:
        "../scripts/figure_quantizers.py"


rule figure_replacement:
    input:
        ablation=of_condition("ablation-{orderings}.nc"),
        replaced=f"{CONDITION}/replaced.csv",
    output:
        report(
            f"{FIGURE}/replacement-{{orderings}}.png",
            caption="../report/replacement.rst",
            category=BEYOND,
            subcategory=BY_CONDITION,
            labels=figure_labels("what ablated neurons put out, {orderings}"),
        ),
        f"{FIGURE}/replacement-{{orderings}}.pdf",
        f"{FIGURE}/replacement-{{orderings}}.csv",
    log:
        f"logs/{FIGURE}/replacement-{{orderings}}.log",
    localrule: True
    conda:
        "../../envs/neuroninfo.yaml"
    resources:
        mem_mb=2000,
        runtime=10,
    params:
        condition=seeds_of,
        code=lambda wildcards: code("figure_replacement.py"),
    script:
        "../scripts/figure_replacement.py"
