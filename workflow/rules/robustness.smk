"""Accuracy on corrupted inputs, beside the redundancy of layers."""

if STUDY.with_robustness:
    STUDY_FIGURES += figure_files(["robustness"])
    STUDY_TABLES += table_files(["robustness"])


rule robustness:
    input:
        dataset="results/datasets/{dataset}.nc",
        network=f"{BLOCK}/network.nc",
    output:
        f"{BLOCK}/robustness.nc",
    log:
        f"logs/{BLOCK}/robustness.log",
    benchmark:
        f"logs/benchmarks/{BLOCK}/robustness.tsv"
    conda:
        "../../envs/neuroninfo.yaml"
    threads: 1
    resources:
        mem_mb=growing(4000),
        runtime=lasting(60),
    params:
        condition=block_of,
        settings=lambda wildcards: STUDY.robustness_settings(condition_of(wildcards)),
        code=lambda wildcards: code("robustness.py"),
    script:
        "../scripts/robustness.py"


rule study_robustness:
    input:
        robustness=of_conditions("robustness.nc", STUDY.with_robustness),
        synergy=of_conditions("synergy.nc", STUDY.with_synergy),
    output:
        table=f"{RESULTS}/robustness.csv",
        networks=f"{RESULTS}/robustness-networks.csv",
        agreement=f"{RESULTS}/robustness-agreement.csv",
        page=report(
            f"{RESULTS}/robustness.html",
            caption="../report/robustness.rst",
            category=NEWER,
            subcategory=OF_THE_STUDY,
            labels={"figure": "table of corrupted inputs"},
        ),
        figure=[
            report(
                f"{FIGURES}/robustness.png",
                caption="../report/robustness.rst",
                category=NEWER,
                subcategory=OF_THE_STUDY,
                labels={"figure": "corrupted inputs"},
            ),
            f"{FIGURES}/robustness.pdf",
            f"{FIGURES}/robustness.csv",
        ],
    log:
        f"logs/{RESULTS}/robustness.log",
    localrule: True
    conda:
        "../../envs/neuroninfo.yaml"
    resources:
        mem_mb=growing(4000),
        runtime=lasting(30),
    params:
        conditions=named(STUDY.with_robustness),
        with_synergy=named(STUDY.with_synergy),
        study_seed=STUDY.seed,
        code=lambda wildcards: code("study_robustness.py"),
    script:
        "../scripts/study_robustness.py"
