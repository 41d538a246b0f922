"""The numbers of the paper's first version beside ours."""

STUDY_FIGURES += figure_files(["first-version"])
STUDY_TABLES += table_files(["first-version"])


rule first_version:
    input:
        neurons=of_conditions("neurons.nc", STUDY.first_version),
        ablation=[first_ablation_of(condition) for condition in STUDY.first_version],
    output:
        table=f"{RESULTS}/first-version.csv",
        page=report(
            f"{RESULTS}/first-version.html",
            caption="../report/first-version.rst",
            category=CLAIMS,
            subcategory=OF_THE_STUDY,
            labels={"figure": "table of the paper's first version"},
        ),
    log:
        f"logs/{RESULTS}/first-version.log",
    localrule: True
    conda:
        "../../envs/neuroninfo.yaml"
    resources:
        mem_mb=growing(2000),
        runtime=lasting(10),
    params:
        conditions=[vars(condition) for condition in STUDY.first_version],
        code=lambda wildcards: code("first_version.py"),
    script:
        "../scripts/first_version.py"


rule figure_first_version:
    input:
        ablation=first_ablation_of(STUDY.first_version[0]),
        table=f"{RESULTS}/first-version.csv",
    output:
        report(
            f"{FIGURES}/first-version.png",
            caption="../report/first-version.rst",
            category=CLAIMS,
            subcategory=OF_THE_STUDY,
            labels={"figure": "the paper's first version"},
        ),
        f"{FIGURES}/first-version.pdf",
        f"{FIGURES}/first-version.csv",
    log:
        f"logs/{FIGURES}/first-version.log",
    localrule: True
    conda:
        "../../envs/neuroninfo.yaml"
    resources:
        mem_mb=growing(2000),
        runtime=lasting(10),
    params:
        condition=vars(STUDY.first_version[0]),
        code=lambda wildcards: code("figure_first_version.py"),
    script:
        "../scripts/figure_first_version.py"
