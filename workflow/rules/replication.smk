"""A study with other seeds, compared with the one it replicates."""

STUDY_FIGURES += figure_files(["replication"])
STUDY_TABLES += table_files(["replication"])


rule replication:
    input:
        claims=f"{RESULTS}/claims.csv",
        replicated=f"results/{STUDY.replicates}/claims.csv",
    output:
        table=f"{RESULTS}/replication.csv",
        page=report(
            f"{RESULTS}/replication.html",
            caption="../report/replication.rst",
            category=CLAIMS,
            subcategory=OF_THE_STUDY,
            labels={"figure": "table of the replication"},
        ),
    log:
        f"logs/{RESULTS}/replication.log",
    localrule: True
    conda:
        "../../envs/neuroninfo.yaml"
    resources:
        mem_mb=2000,
        runtime=10,
    params:
        here=STUDY.name,
        there=STUDY.replicates,
        code=lambda wildcards: code("replication.py"),
    script:
        "../scripts/replication.py"


rule figure_replication:
    input:
        f"{RESULTS}/replication.csv",
    output:
        report(
            f"{FIGURES}/replication.png",
            caption="../report/replication.rst",
            category=CLAIMS,
            subcategory=OF_THE_STUDY,
            labels={"figure": "replication"},
        ),
        f"{FIGURES}/replication.pdf",
        f"{FIGURES}/replication.csv",
    log:
        f"logs/{FIGURES}/replication.log",
    localrule: True
    conda:
        "../../envs/neuroninfo.yaml"
    resources:
        mem_mb=2000,
        runtime=10,
    params:
        here=STUDY.name,
        there=STUDY.replicates,
        code=lambda wildcards: code("figure_replication.py"),
    script:
        "../scripts/figure_replication.py"
