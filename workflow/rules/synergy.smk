"""Redundancy and synergy, measured: pairs of neurons, layers, and what ablation infers of them."""

for condition in STUDY.with_synergy:
    OWN_FIGURES[condition].append("synergy")
if STUDY.with_synergy:
    STUDY_FIGURES += figure_files(
        ["synergy-ablation", "synergy-complexity", "needed-pairs", "synergy-sets"]
    )
    STUDY_TABLES += table_files(["synergy", "needed-pairs"])
# Conditions whose pairs are measured at the epochs of their planes.
BOTH = [c for c in STUDY.with_synergy if c in STUDY.with_planes]
if BOTH:
    STUDY_FIGURES += figure_files(["synergy-training"])


rule decompose:
    input:
        dataset="results/datasets/{dataset}.nc",
        network=f"{BLOCK}/network.nc",
        activations=f"{BLOCK}/activations.nc",
    output:
        f"{BLOCK}/synergy.nc",
    log:
        f"logs/{BLOCK}/decompose.log",
    benchmark:
        f"logs/benchmarks/{BLOCK}/decompose.tsv"
    conda:
        "../../envs/neuroninfo.yaml"
    threads: 1
    resources:
        mem_mb=needing("decompose"),
        runtime=lasting(60),
    params:
        condition=block_of,
        settings=lambda wildcards: STUDY.synergy_settings(condition_of(wildcards)),
        code=lambda wildcards: code("decompose.py"),
    script:
        "../scripts/decompose.py"


rule figure_synergy:
    input:
        of_condition("synergy.nc"),
    output:
        table=f"{CONDITION}/synergy.csv",
        figure=[
            report(
                f"{FIGURE}/synergy.png",
                caption="../report/synergy.rst",
                category=SYNERGY,
                subcategory=BY_CONDITION,
                labels=figure_labels("redundancy and synergy of pairs"),
            ),
            f"{FIGURE}/synergy.pdf",
            f"{FIGURE}/synergy.csv",
        ],
    log:
        f"logs/{FIGURE}/synergy.log",
    localrule: True
    conda:
        "../../envs/neuroninfo.yaml"
    resources:
        mem_mb=4000,
        runtime=10,
    params:
        condition=described,
        code=lambda wildcards: code("figure_synergy.py"),
    script:
        "../scripts/figure_synergy.py"


rule study_synergy:
    input:
        measured=of_conditions("synergy.csv", STUDY.with_synergy),
        counts=of_conditions("reading.csv", STUDY.with_synergy),
    output:
        measured=f"{RESULTS}/synergy.csv",
        measured_page=report(
            f"{RESULTS}/synergy.html",
            caption="../report/synergy.rst",
            category=SYNERGY,
            subcategory=OF_THE_STUDY,
            labels={"figure": "table of redundancy and synergy"},
        ),
        layers=f"{RESULTS}/synergy-layers.csv",
        agreement=f"{RESULTS}/synergy-agreement.csv",
        figure=[
            report(
                f"{FIGURES}/synergy-ablation.png",
                caption="../report/synergy-ablation.rst",
                category=SYNERGY,
                subcategory=OF_THE_STUDY,
                labels={"figure": "measured redundancy against ablation"},
            ),
            f"{FIGURES}/synergy-ablation.pdf",
            f"{FIGURES}/synergy-ablation.csv",
        ],
        complexity=[
            report(
                f"{FIGURES}/synergy-complexity.png",
                caption="../report/synergy-complexity.rst",
                category=SYNERGY,
                subcategory=OF_THE_STUDY,
                labels={"figure": "representational complexity"},
            ),
            f"{FIGURES}/synergy-complexity.pdf",
            f"{FIGURES}/synergy-complexity.csv",
        ],
    log:
        f"logs/{RESULTS}/synergy.log",
    localrule: True
    conda:
        "../../envs/neuroninfo.yaml"
    resources:
        mem_mb=2000,
        runtime=10,
    params:
        conditions=named(STUDY.with_synergy),
        set_size=STUDY.resolved["synergy"]["set_size"],
        code=lambda wildcards: code("study_synergy.py"),
    script:
        "../scripts/study_synergy.py"


rule needed_pairs:
    input:
        pairs=of_conditions("synergy.nc", STUDY.with_synergy),
        measured=f"{RESULTS}/synergy.csv",
    output:
        table=f"{RESULTS}/needed-pairs.csv",
        page=report(
            f"{RESULTS}/needed-pairs.html",
            caption="../report/needed-pairs.rst",
            category=SYNERGY,
            subcategory=OF_THE_STUDY,
            labels={"figure": "table of pairs needed jointly"},
        ),
        needed=[
            report(
                f"{FIGURES}/needed-pairs.png",
                caption="../report/needed-pairs.rst",
                category=SYNERGY,
                subcategory=OF_THE_STUDY,
                labels={"figure": "pairs spared singly and needed jointly"},
            ),
            f"{FIGURES}/needed-pairs.pdf",
            f"{FIGURES}/needed-pairs.csv",
        ],
        sets=[
            report(
                f"{FIGURES}/synergy-sets.png",
                caption="../report/synergy-sets.rst",
                category=SYNERGY,
                subcategory=OF_THE_STUDY,
                labels={"figure": "redundancy or synergy of sets"},
            ),
            f"{FIGURES}/synergy-sets.pdf",
            f"{FIGURES}/synergy-sets.csv",
        ],
    log:
        f"logs/{RESULTS}/needed-pairs.log",
    localrule: True
    conda:
        "../../envs/neuroninfo.yaml"
    resources:
        mem_mb=4000,
        runtime=10,
    params:
        conditions=[vars(condition) for condition in STUDY.with_synergy],
        code=lambda wildcards: code("needed_pairs.py"),
    script:
        "../scripts/needed_pairs.py"


rule figure_synergy_training:
    input:
        of_conditions("plane.nc", BOTH),
    output:
        report(
            f"{FIGURES}/synergy-training.png",
            caption="../report/synergy-training.rst",
            category=SYNERGY,
            subcategory=OF_THE_STUDY,
            labels={"figure": "redundancy and synergy over training"},
        ),
        f"{FIGURES}/synergy-training.pdf",
        f"{FIGURES}/synergy-training.csv",
    log:
        f"logs/{FIGURES}/synergy-training.log",
    localrule: True
    conda:
        "../../envs/neuroninfo.yaml"
    resources:
        mem_mb=2000,
        runtime=10,
    params:
        conditions=[vars(condition) for condition in BOTH],
        code=lambda wildcards: code("figure_synergy_training.py"),
    script:
        "../scripts/figure_synergy_training.py"
