"""Information planes: estimated while networks are trained, and drawn."""

# Figures of conditions that differ in their activation only, and these conditions.
ACTIVATIONS = "{dataset}/{architecture}/planes-activations-{regularizer}"
SLIDE = "{dataset}/{architecture}/plane-{estimator}-activations-{regularizer}"
SIDE_BY_SIDE = {}
DRAWN_PLANES = [c for c in STUDY.with_planes if STUDY.plans[c].figures]
for condition in DRAWN_PLANES:
    SIDE_BY_SIDE.setdefault(ACTIVATIONS.format(**vars(condition)), []).append(condition)
    shown = STUDY.plane_shown(condition)
    OWN_FIGURES[condition] += [f"plane-{shown}", "planes", "clustering"]
COMPARED = {name: given for name, given in SIDE_BY_SIDE.items() if len(given) > 1}
# Networks of one kind are compared; an interval needs five conditions.
KINDS = {}
for condition in STUDY.with_planes:
    KINDS.setdefault(tuple(STUDY.kind(condition).values()), []).append(condition)
COMPRESSED = [c for alike in KINDS.values() if len(alike) >= 5 for c in alike]
PLANE_FIGURES = [
    *figure_files(COMPARED),
    *figure_files(
        SLIDE.format(**vars(given[0]), estimator=STUDY.plane_shown(given[0]))
        for given in COMPARED.values()
    ),
    *figure_files(["planes-compression", "planes-gap"] if DRAWN_PLANES else []),
    *figure_files(["compression-gap"] if COMPRESSED else []),
    *(
        f"{FIGURES}/{condition.path}/plane-{STUDY.plane_shown(condition)}.gif"
        for condition in DRAWN_PLANES
    ),
]
STUDY_FIGURES += PLANE_FIGURES
STUDY_TABLES += table_files(
    [
        *(["compression", "plane-gap"] if DRAWN_PLANES else []),
        *(["compression-gap"] if COMPRESSED else []),
    ]
)


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
        mem_mb=needing("plane"),
        runtime=lasting(estimated("plane")),
    params:
        condition=block_of,
        settings=lambda wildcards: STUDY.plane_settings(
            condition_of(wildcards), int(wildcards.group)
        ),
        checkpoints=CHECKPOINTS,
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
    localrule: True
    conda:
        "../../envs/neuroninfo.yaml"
    resources:
        mem_mb=2000,
        runtime=10,
    params:
        condition=block_of,
        settings=lambda wildcards: STUDY.plane_settings(condition_of(wildcards)),
        code=lambda wildcards: code("join_plane.py"),
    script:
        "../scripts/join_plane.py"


rule figure_planes:
    input:
        of_condition("plane.nc"),
    output:
        table=f"{CONDITION}/compression.csv",
        planes=[
            report(
                f"{FIGURE}/planes.png",
                caption="../report/planes.rst",
                category=PLANES,
                subcategory=BY_DATASET,
                labels=figure_labels("information planes"),
            ),
            f"{FIGURE}/planes.pdf",
            f"{FIGURE}/planes.csv",
        ],
        clustering=[
            report(
                f"{FIGURE}/clustering.png",
                caption="../report/clustering.rst",
                category=PLANES,
                subcategory=BY_DATASET,
                labels=figure_labels("clustering and information"),
            ),
            f"{FIGURE}/clustering.pdf",
            f"{FIGURE}/clustering.csv",
        ],
    log:
        f"logs/{FIGURE}/planes.log",
    localrule: True
    conda:
        "../../envs/neuroninfo.yaml"
    resources:
        mem_mb=4000,
        runtime=30,
    params:
        condition=described,
        code=lambda wildcards: code("figure_planes.py"),
    script:
        "../scripts/figure_planes.py"


rule figure_plane:
    input:
        of_condition("plane.nc"),
    output:
        png=report(
            f"{FIGURE}/plane-{{estimator}}.png",
            caption="../report/plane.rst",
            category=PLANES,
            subcategory=BY_DATASET,
            labels=figure_labels("plane by {estimator}"),
        ),
        pdf=f"{FIGURE}/plane-{{estimator}}.pdf",
        csv=f"{FIGURE}/plane-{{estimator}}.csv",
        gif=f"{FIGURE}/plane-{{estimator}}.gif",
        page=report(
            f"{FIGURE}/plane-{{estimator}}.html",
            caption="../report/plane.rst",
            category=PLANES,
            subcategory=BY_DATASET,
            labels=figure_labels("plane by {estimator} over training, animated"),
        ),
    log:
        f"logs/{FIGURE}/plane-{{estimator}}.log",
    localrule: True
    conda:
        "../../envs/neuroninfo.yaml"
    resources:
        mem_mb=4000,
        runtime=30,
    params:
        condition=described,
        code=lambda wildcards: code("figure_plane.py"),
    script:
        "../scripts/figure_plane.py"


rule figure_plane_activations:
    input:
        lambda wildcards: of_conditions(
            "plane.nc", SIDE_BY_SIDE[ACTIVATIONS.format(**wildcards)]
        ),
    output:
        report(
            f"{FIGURES}/{{dataset}}/{{architecture}}/plane-{{estimator}}-activations-{{regularizer}}.png",
            caption="../report/plane-activations.rst",
            category=PLANES,
            subcategory=OF_THE_STUDY,
            labels={
                "figure": "activations by {estimator}, {dataset} {architecture} {regularizer}"
            },
        ),
        f"{FIGURES}/{{dataset}}/{{architecture}}/plane-{{estimator}}-activations-{{regularizer}}.pdf",
        f"{FIGURES}/{{dataset}}/{{architecture}}/plane-{{estimator}}-activations-{{regularizer}}.csv",
    log:
        f"logs/{FIGURES}/{{dataset}}/{{architecture}}/plane-{{estimator}}-activations-{{regularizer}}.log",
    localrule: True
    conda:
        "../../envs/neuroninfo.yaml"
    resources:
        mem_mb=2000,
        runtime=10,
    params:
        conditions=lambda wildcards: named(
            SIDE_BY_SIDE[ACTIVATIONS.format(**wildcards)]
        ),
        code=lambda wildcards: code("figure_plane_activations.py"),
    script:
        "../scripts/figure_plane_activations.py"


rule figure_planes_activations:
    input:
        lambda wildcards: of_conditions(
            "plane.nc", SIDE_BY_SIDE[ACTIVATIONS.format(**wildcards)]
        ),
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
    localrule: True
    conda:
        "../../envs/neuroninfo.yaml"
    resources:
        mem_mb=2000,
        runtime=10,
    params:
        conditions=lambda wildcards: named(
            SIDE_BY_SIDE[ACTIVATIONS.format(**wildcards)]
        ),
        code=lambda wildcards: code("figure_planes_activations.py"),
    script:
        "../scripts/figure_planes_activations.py"


rule study_planes:
    input:
        compression=of_conditions("compression.csv", DRAWN_PLANES),
        planes=of_conditions("plane.nc", DRAWN_PLANES),
    output:
        compression=f"{RESULTS}/compression.csv",
        compression_page=report(
            f"{RESULTS}/compression.html",
            caption="../report/planes-compression.rst",
            category=PLANES,
            subcategory=OF_THE_STUDY,
            labels={"figure": "table of compression"},
        ),
        gap=f"{RESULTS}/plane-gap.csv",
        gap_page=report(
            f"{RESULTS}/plane-gap.html",
            caption="../report/planes-gap.rst",
            category=PLANES,
            subcategory=OF_THE_STUDY,
            labels={"figure": "table of correlations with the gap"},
        ),
        planes_compression=[
            report(
                f"{FIGURES}/planes-compression.png",
                caption="../report/planes-compression.rst",
                category=PLANES,
                subcategory=OF_THE_STUDY,
                labels={"figure": "compression"},
            ),
            f"{FIGURES}/planes-compression.pdf",
            f"{FIGURES}/planes-compression.csv",
        ],
        planes_gap=[
            report(
                f"{FIGURES}/planes-gap.png",
                caption="../report/planes-gap.rst",
                category=PLANES,
                subcategory=OF_THE_STUDY,
                labels={"figure": "information and generalization gap"},
            ),
            f"{FIGURES}/planes-gap.pdf",
            f"{FIGURES}/planes-gap.csv",
        ],
    log:
        f"logs/{RESULTS}/planes.log",
    localrule: True
    conda:
        "../../envs/neuroninfo.yaml"
    resources:
        mem_mb=4000,
        runtime=30,
    params:
        conditions=named(DRAWN_PLANES),
        noise=[STUDY.label_noise(condition) for condition in DRAWN_PLANES],
        code=lambda wildcards: code("study_planes.py"),
    script:
        "../scripts/study_planes.py"


rule study_compression_gap:
    input:
        planes=of_conditions("plane.nc", COMPRESSED),
    output:
        networks=f"{RESULTS}/compression-gap-networks.csv",
        table=f"{RESULTS}/compression-gap.csv",
        page=report(
            f"{RESULTS}/compression-gap.html",
            caption="../report/compression-gap.rst",
            category=NEWER,
            subcategory=OF_THE_STUDY,
            labels={"figure": "table of compression and gaps"},
        ),
        figure=[
            report(
                f"{FIGURES}/compression-gap.png",
                caption="../report/compression-gap.rst",
                category=NEWER,
                subcategory=OF_THE_STUDY,
                labels={"figure": "compression against the gap"},
            ),
            f"{FIGURES}/compression-gap.pdf",
            f"{FIGURES}/compression-gap.csv",
        ],
    log:
        f"logs/{RESULTS}/compression-gap.log",
    localrule: True
    conda:
        "../../envs/neuroninfo.yaml"
    resources:
        mem_mb=growing(4000),
        runtime=lasting(30),
    params:
        conditions=named(COMPRESSED),
        kinds=[STUDY.kind(condition) for condition in COMPRESSED],
        noise=[STUDY.label_noise(condition) for condition in COMPRESSED],
        study_seed=STUDY.seed,
        code=lambda wildcards: code("study_compression_gap.py"),
    script:
        "../scripts/study_compression_gap.py"
