"""Information planes: estimated while networks are trained, drawn, and their estimators tested."""


rule plane:
    input:
        dataset="results/datasets/{dataset}.nc",
    output:
        temp(f"{BLOCK}/plane-{{group}}.nc"),
    log:
        f"logs/{BLOCK}/plane-{{group}}.log",
    benchmark:
        f"logs/benchmarks/{BLOCK}/plane-{{group}}.tsv"
    conda:
        "../../envs/neuroninfo.yaml"
    threads: 1
    resources:
        mem_mb=growing(4000),
        runtime=growing(120),
    params:
        condition=block_of,
        settings=lambda wildcards: STUDY.plane_settings(
            condition_of(wildcards), int(wildcards.group)
        ),
        code=lambda wildcards: code("plane.py"),
    script:
        "../scripts/plane.py"


rule join_plane:
    input:
        lambda wildcards: [
            f"{BLOCK}/plane-{group}.nc".format(**wildcards)
            for group in STUDY.plane_groups(condition_of(wildcards))
        ],
    output:
        f"{BLOCK}/plane.nc",
    log:
        f"logs/{BLOCK}/join_plane.log",
    conda:
        "../../envs/neuroninfo.yaml"
    resources:
        mem_mb=growing(2000),
        runtime=growing(10),
    params:
        condition=block_of,
        settings=lambda wildcards: STUDY.plane_settings(condition_of(wildcards)),
        code=lambda wildcards: code("join_plane.py"),
    script:
        "../scripts/join_plane.py"


rule figure_planes:
    input:
        f"{CONDITION}/plane.nc",
    output:
        png=report(
            f"{FIGURE}/planes.png",
            caption="../report/planes.rst",
            category=PLANES,
            subcategory=BY_DATASET,
            labels=figure_labels("information planes"),
        ),
        pdf=f"{FIGURE}/planes.pdf",
        csv=f"{FIGURE}/planes.csv",
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


rule figure_clustering:
    input:
        f"{CONDITION}/plane.nc",
    output:
        report(
            f"{FIGURE}/clustering.png",
            caption="../report/clustering.rst",
            category=PLANES,
            subcategory=BY_DATASET,
            labels=figure_labels("clustering and information"),
        ),
        f"{FIGURE}/clustering.pdf",
        f"{FIGURE}/clustering.csv",
    log:
        f"logs/{FIGURE}/clustering.log",
    conda:
        "../../envs/neuroninfo.yaml"
    resources:
        mem_mb=growing(2000),
        runtime=growing(10),
    params:
        condition=described,
        code=lambda wildcards: code("figure_clustering.py"),
    script:
        "../scripts/figure_clustering.py"


rule figure_planes_activations:
    input:
        lambda wildcards: of_conditions("plane.nc", activations_of(wildcards)),
    output:
        report(
            f"{FIGURES}/{{dataset}}/{{architecture}}/planes-activations-{{regularizer}}.png",
            caption="../report/planes-activations.rst",
            category=PLANES,
            subcategory=OF_THE_STUDY,
            labels={"figure": "activations, {dataset} {architecture} {regularizer}"},
        ),
        f"{FIGURES}/{{dataset}}/{{architecture}}/planes-activations-{{regularizer}}.pdf",
        f"{FIGURES}/{{dataset}}/{{architecture}}/planes-activations-{{regularizer}}.csv",
    log:
        f"logs/{FIGURES}/{{dataset}}/{{architecture}}/planes-activations-{{regularizer}}.log",
    conda:
        "../../envs/neuroninfo.yaml"
    resources:
        mem_mb=growing(2000),
        runtime=growing(10),
    params:
        conditions=lambda wildcards: named(activations_of(wildcards)),
        code=lambda wildcards: code("figure_planes_activations.py"),
    script:
        "../scripts/figure_planes_activations.py"


rule study_compression:
    input:
        of_conditions("compression.csv", STUDY.with_planes),
    output:
        table=f"{RESULTS}/compression.csv",
        page=report(
            f"{RESULTS}/compression.html",
            caption="../report/planes-compression.rst",
            category=PLANES,
            subcategory=OF_THE_STUDY,
            labels={"figure": "table of compression"},
        ),
        png=report(
            f"{FIGURES}/planes-compression.png",
            caption="../report/planes-compression.rst",
            category=PLANES,
            subcategory=OF_THE_STUDY,
            labels={"figure": "compression"},
        ),
        pdf=f"{FIGURES}/planes-compression.pdf",
        csv=f"{FIGURES}/planes-compression.csv",
    log:
        f"logs/{RESULTS}/compression.log",
    conda:
        "../../envs/neuroninfo.yaml"
    resources:
        mem_mb=growing(2000),
        runtime=growing(10),
    params:
        conditions=named(STUDY.with_planes),
        code=lambda wildcards: code("study_compression.py"),
    script:
        "../scripts/study_compression.py"


rule figure_planes_gap:
    input:
        of_conditions("plane.nc", STUDY.with_planes),
    output:
        table=f"{RESULTS}/plane-gap.csv",
        page=report(
            f"{RESULTS}/plane-gap.html",
            caption="../report/planes-gap.rst",
            category=PLANES,
            subcategory=OF_THE_STUDY,
            labels={"figure": "table of correlations with the gap"},
        ),
        png=report(
            f"{FIGURES}/planes-gap.png",
            caption="../report/planes-gap.rst",
            category=PLANES,
            subcategory=OF_THE_STUDY,
            labels={"figure": "information and generalization gap"},
        ),
        pdf=f"{FIGURES}/planes-gap.pdf",
        csv=f"{FIGURES}/planes-gap.csv",
    log:
        f"logs/{FIGURES}/planes-gap.log",
    conda:
        "../../envs/neuroninfo.yaml"
    resources:
        mem_mb=growing(2000),
        runtime=growing(10),
    params:
        conditions=named(STUDY.with_planes),
        study_seed=STUDY.seed,
        code=lambda wildcards: code("figure_planes_gap.py"),
    script:
        "../scripts/figure_planes_gap.py"


rule calibration:
    output:
        f"{RESULTS}/calibration.nc",
    log:
        f"logs/{RESULTS}/calibration.log",
    benchmark:
        f"logs/benchmarks/{RESULTS}/calibration.tsv"
    conda:
        "../../envs/neuroninfo.yaml"
    threads: 1
    resources:
        mem_mb=growing(4000),
        runtime=growing(120),
    params:
        settings=STUDY.calibration_settings(),
        code=lambda wildcards: code("calibration.py"),
    script:
        "../scripts/calibration.py"


rule figure_calibration:
    input:
        f"{RESULTS}/calibration.nc",
    output:
        png=report(
            f"{FIGURES}/calibration-{{part}}.png",
            caption="../report/calibration.rst",
            category=PLANES,
            subcategory=OF_THE_STUDY,
            labels={"figure": "calibration, {part}"},
        ),
        pdf=f"{FIGURES}/calibration-{{part}}.pdf",
        csv=f"{FIGURES}/calibration-{{part}}.csv",
    log:
        f"logs/{FIGURES}/calibration-{{part}}.log",
    conda:
        "../../envs/neuroninfo.yaml"
    resources:
        mem_mb=growing(2000),
        runtime=growing(10),
    params:
        code=lambda wildcards: code("figure_calibration.py"),
    script:
        "../scripts/figure_calibration.py"
