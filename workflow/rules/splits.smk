"""Intervals of seeds that share a split, beside those of networks with a split each."""

STUDY_FIGURES += figure_files(["splits"])
STUDY_TABLES += table_files(["splits"])


rule splits:
    input:
        f"{RESULTS}/claims.csv",
    output:
        table=f"{RESULTS}/splits.csv",
        page=report(
            f"{RESULTS}/splits.html",
            caption="../report/splits.rst",
            category=CLAIMS,
            subcategory=OF_THE_STUDY,
            labels={"figure": "table of intervals over splits"},
        ),
    log:
        f"logs/{RESULTS}/splits.log",
    localrule: True
    conda:
        "../../envs/neuroninfo.yaml"
    resources:
        mem_mb=2000,
        runtime=10,
    params:
        conditions=named(STUDY.splits),
        code=lambda wildcards: code("splits.py"),
    script:
        "../scripts/splits.py"


rule figure_splits:
    input:
        f"{RESULTS}/splits.csv",
    output:
        report(
            f"{FIGURES}/splits.png",
            caption="../report/splits.rst",
            category=CLAIMS,
            subcategory=OF_THE_STUDY,
            labels={"figure": "intervals over splits"},
        ),
        f"{FIGURES}/splits.pdf",
        f"{FIGURES}/splits.csv",
    log:
        f"logs/{FIGURES}/splits.log",
    localrule: True
    conda:
        "../../envs/neuroninfo.yaml"
    resources:
        mem_mb=2000,
        runtime=10,
    params:
        condition=vars(STUDY.splits[0])
        | {"dataset": STUDY.dataset_settings(STUDY.splits[0].dataset)["source"]},
        code=lambda wildcards: code("figure_splits.py"),
    script:
        "../scripts/figure_splits.py"
