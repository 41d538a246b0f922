"""A study with other seeds, compared with the one it replicates."""


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
        png=report(
            f"{FIGURES}/replication.png",
            caption="../report/replication.rst",
            category=CLAIMS,
            subcategory=OF_THE_STUDY,
            labels={"figure": "replication"},
        ),
        pdf=f"{FIGURES}/replication.pdf",
        csv=f"{FIGURES}/replication.csv",
    log:
        f"logs/{RESULTS}/replication.log",
    conda:
        "../../envs/neuroninfo.yaml"
    resources:
        mem_mb=growing(2000),
        runtime=growing(10),
    params:
        here=STUDY.name,
        there=STUDY.replicates,
        code=lambda wildcards: code("replication.py"),
    script:
        "../scripts/replication.py"
