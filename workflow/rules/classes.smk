"""Which class dies when the neurons are ablated that say most of one class."""

for condition in STUDY.with_classes:
    OWN_FIGURES[condition] += ["classes", "class-curves"]
if STUDY.with_classes:
    STUDY_TABLES += table_files(["classes"])


rule ablate_classes:
    input:
        dataset="results/datasets/{dataset}.nc",
        network=f"{BLOCK}/network.nc",
        activations=f"{BLOCK}/activations.nc",
    output:
        classes=f"{BLOCK}/classes.nc",
    log:
        f"logs/{BLOCK}/ablate-classes.log",
    benchmark:
        f"logs/benchmarks/{BLOCK}/ablate-classes.tsv"
    conda:
        "../../envs/neuroninfo.yaml"
    threads: 1
    resources:
        mem_mb=growing(4000),
        runtime=lasting(120),
    params:
        condition=block_of,
        settings=lambda wildcards: STUDY.class_settings(),
        code=lambda wildcards: code("ablate_classes.py"),
    script:
        "../scripts/ablate_classes.py"


rule figure_classes:
    input:
        of_condition("classes.nc"),
    output:
        table=f"{CONDITION}/classes.csv",
        classes=[
            report(
                f"{FIGURE}/classes.png",
                caption="../report/classes.rst",
                category=NEWER,
                subcategory=BY_CONDITION,
                labels=figure_labels("which class dies"),
            ),
            f"{FIGURE}/classes.pdf",
            f"{FIGURE}/classes.csv",
        ],
        class_curves=[
            report(
                f"{FIGURE}/class-curves.png",
                caption="../report/class-curves.rst",
                category=NEWER,
                subcategory=BY_CONDITION,
                labels=figure_labels("curves by class"),
            ),
            f"{FIGURE}/class-curves.pdf",
            f"{FIGURE}/class-curves.csv",
        ],
    log:
        f"logs/{FIGURE}/classes.log",
    localrule: True
    conda:
        "../../envs/neuroninfo.yaml"
    resources:
        mem_mb=4000,
        runtime=10,
    params:
        condition=described,
        code=lambda wildcards: code("figure_classes.py"),
    script:
        "../scripts/figure_classes.py"


rule study_classes:
    input:
        of_conditions("classes.csv", STUDY.with_classes),
    output:
        table=f"{RESULTS}/classes.csv",
        page=report(
            f"{RESULTS}/classes.html",
            caption="../report/classes.rst",
            category=NEWER,
            subcategory=OF_THE_STUDY,
            labels={"figure": "table of losses by class"},
        ),
    log:
        f"logs/{RESULTS}/classes.log",
    localrule: True
    conda:
        "../../envs/neuroninfo.yaml"
    resources:
        mem_mb=2000,
        runtime=10,
    params:
        conditions=named(STUDY.with_classes),
        code=lambda wildcards: code("study_classes.py"),
    script:
        "../scripts/study_classes.py"
