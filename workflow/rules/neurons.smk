"""What every neuron knows."""

for condition in DRAWN:
    OWN_FIGURES[condition].append("information")


rule measure:
    input:
        activations=f"{BLOCK}/activations.nc",
        network=f"{BLOCK}/network.nc",
    output:
        neurons=f"{BLOCK}/neurons.nc",
    log:
        f"logs/{BLOCK}/measure.log",
    benchmark:
        f"logs/benchmarks/{BLOCK}/measure.tsv"
    conda:
        "../../envs/neuroninfo.yaml"
    threads: 1
    resources:
        mem_mb=growing(4000),
        runtime=growing(30),
    params:
        condition=block_of,
        settings=lambda wildcards: STUDY.measure_settings(condition_of(wildcards)),
        code=lambda wildcards: code("measure.py"),
    script:
        "../scripts/measure.py"


rule figure_information:
    input:
        neurons=of_condition("neurons.nc"),
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
    localrule: True
    conda:
        "../../envs/neuroninfo.yaml"
    resources:
        mem_mb=2000,
        runtime=10,
    params:
        condition=seeds_of,
        code=lambda wildcards: code("figure_information.py"),
    script:
        "../scripts/figure_information.py"
