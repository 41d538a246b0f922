"""Beyond the talk's curves: Simpson's paradox, all measures, quantizers, ablation to the mean."""


rule simpson:
    input:
        neurons=f"{CONDITION}/neurons.nc",
        damage=f"{CONDITION}/damage.nc",
    output:
        f"{CONDITION}/simpson.csv",
    log:
        f"logs/{CONDITION}/simpson.log",
    conda:
        "../../envs/neuroninfo.yaml"
    resources:
        mem_mb=growing(2000),
        runtime=growing(30),
    params:
        condition=seeds_of,
        study_seed=STUDY.seed,
        code=lambda wildcards: code("simpson.py"),
    script:
        "../scripts/simpson.py"


rule figure_simpson:
    input:
        neurons=f"{CONDITION}/neurons.nc",
        damage=f"{CONDITION}/damage.nc",
        table=f"{CONDITION}/simpson.csv",
    output:
        report(
            f"{FIGURE}/simpson.png",
            caption="../report/simpson.rst",
            category="Information",
            labels=figure_labels("by layer and pooled"),
        ),
        f"{FIGURE}/simpson.pdf",
    log:
        f"logs/{FIGURE}/simpson.log",
    conda:
        "../../envs/neuroninfo.yaml"
    resources:
        mem_mb=growing(2000),
        runtime=growing(10),
    params:
        condition=seeds_of,
        code=lambda wildcards: code("figure_simpson.py"),
    script:
        "../scripts/figure_simpson.py"
