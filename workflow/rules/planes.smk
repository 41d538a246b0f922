"""Information planes: estimated while networks are trained, and drawn."""


rule plane:
    input:
        dataset="results/datasets/{dataset}.nc",
    output:
        f"{BLOCK}/plane.nc",
    log:
        f"logs/{BLOCK}/plane.log",
    benchmark:
        f"logs/benchmarks/{BLOCK}/plane.tsv"
    conda:
        "../../envs/neuroninfo.yaml"
    threads: 1
    resources:
        mem_mb=growing(4000),
        runtime=growing(120),
    params:
        condition=block_of,
        settings=lambda wildcards: STUDY.plane_settings(condition_of(wildcards)),
        code=lambda wildcards: code("plane.py"),
    script:
        "../scripts/plane.py"


rule figure_planes:
    input:
        f"{CONDITION}/plane.nc",
    output:
        png=report(
            f"{FIGURE}/planes.png",
            caption="../report/planes.rst",
            category="Planes",
            labels=figure_labels("information planes"),
        ),
        pdf=f"{FIGURE}/planes.pdf",
        table=f"{CONDITION}/compression.csv",
    log:
        f"logs/{FIGURE}/planes.log",
    conda:
        "../../envs/neuroninfo.yaml"
    resources:
        mem_mb=growing(2000),
        runtime=growing(10),
    params:
        condition=described,
        study_seed=STUDY.seed,
        code=lambda wildcards: code("figure_planes.py"),
    script:
        "../scripts/figure_planes.py"
