"""Generalization bounds against measured gaps, of networks that are trained for it."""

# What is trained, by name, as it is written into files.
GAPS = {
    name: {
        "study": STUDY.name,
        "name": name,
        **vars(STUDY.gap_condition(name)),
        "label_noise": config["bounds"]["gaps"][name]["label_noise"],
        "seeds": list(range(config["bounds"]["seeds"])),
    }
    for name in STUDY.gaps
}
SUPERSAMPLES = {
    name: {
        "study": STUDY.name,
        "name": name,
        **vars(STUDY.supersample_condition(name)),
        "label_noise": config["bounds"]["supersample"][name]["label_noise"],
        "seeds": list(range(config["bounds"]["supersample"][name]["masks"])),
    }
    for name in STUDY.supersamples
}
GAP_FILES = [f"{RESULTS}/bounds/{name}/bounds.nc" for name in GAPS]
SUPERSAMPLE_FILES = [
    f"{RESULTS}/bounds/supersample/{name}/supersample.nc" for name in SUPERSAMPLES
]
BOUND_FIGURES = figure_files(
    [
        *(["bounds-error", "bounds-cross-entropy"] if GAPS else []),
        *(["bounds-supersample", "bounds-tighter"] if SUPERSAMPLES else []),
    ]
)
BOUND_TABLES = table_files(["bounds"] if GAPS or SUPERSAMPLES else [])
STUDY_FIGURES += BOUND_FIGURES
STUDY_TABLES += BOUND_TABLES


rule bounds:
    input:
        dataset=lambda wildcards: f"results/datasets/{GAPS[wildcards.gaps]['dataset']}.nc",
    output:
        f"{RESULTS}/bounds/{{gaps}}/bounds.nc",
    log:
        f"logs/{RESULTS}/bounds/{{gaps}}/bounds.log",
    benchmark:
        f"logs/benchmarks/{RESULTS}/bounds/{{gaps}}/bounds.tsv"
    conda:
        "../../envs/neuroninfo.yaml"
    threads: 1
    resources:
        mem_mb=needing(
            "bounds",
            lambda wildcards: STUDY.gap_condition(wildcards.gaps),
            lambda wildcards: STUDY.resolved["bounds"]["seeds"],
        ),
        runtime=lasting(120),
    params:
        condition=lambda wildcards: GAPS[wildcards.gaps],
        settings=lambda wildcards: STUDY.gap_settings(wildcards.gaps),
        checkpoints=CHECKPOINTS,
        code=lambda wildcards: code("bounds.py"),
    script:
        "../scripts/bounds.py"


rule supersample:
    input:
        dataset=lambda wildcards: f"results/datasets/{SUPERSAMPLES[wildcards.supersample]['dataset']}.nc",
    output:
        f"{RESULTS}/bounds/supersample/{{supersample}}/supersample.nc",
    log:
        f"logs/{RESULTS}/bounds/supersample/{{supersample}}/supersample.log",
    benchmark:
        f"logs/benchmarks/{RESULTS}/bounds/supersample/{{supersample}}/supersample.tsv"
    conda:
        "../../envs/neuroninfo.yaml"
    threads: 1
    resources:
        mem_mb=needing(
            "supersample",
            lambda wildcards: STUDY.supersample_condition(wildcards.supersample),
            lambda wildcards: STUDY.supersample_settings(wildcards.supersample)[
                "masks"
            ],
        ),
        runtime=lasting(120),
    params:
        condition=lambda wildcards: SUPERSAMPLES[wildcards.supersample],
        settings=lambda wildcards: STUDY.supersample_settings(wildcards.supersample),
        checkpoints=CHECKPOINTS,
        code=lambda wildcards: code("supersample.py"),
    script:
        "../scripts/supersample.py"


rule study_bounds:
    input:
        gaps=GAP_FILES,
        supersamples=SUPERSAMPLE_FILES,
    output:
        table=f"{RESULTS}/bounds.csv",
        page=report(
            f"{RESULTS}/bounds.html",
            caption="../report/bounds.rst",
            category=BOUNDS,
            labels={"figure": "table of bounds"},
        ),
        error=(
            [
                report(
                    f"{FIGURES}/bounds-error.png",
                    caption="../report/bounds.rst",
                    category=BOUNDS,
                    labels={"figure": "gap and bounds, error"},
                ),
                f"{FIGURES}/bounds-error.pdf",
                f"{FIGURES}/bounds-error.csv",
            ]
            if GAPS
            else []
        ),
        cross_entropy=(
            [
                report(
                    f"{FIGURES}/bounds-cross-entropy.png",
                    caption="../report/bounds.rst",
                    category=BOUNDS,
                    labels={"figure": "gap and bounds, cross-entropy"},
                ),
                f"{FIGURES}/bounds-cross-entropy.pdf",
                f"{FIGURES}/bounds-cross-entropy.csv",
            ]
            if GAPS
            else []
        ),
        supersample=(
            [
                report(
                    f"{FIGURES}/bounds-supersample.png",
                    caption="../report/bounds-supersample.rst",
                    category=BOUNDS,
                    labels={"figure": "f-CMI"},
                ),
                f"{FIGURES}/bounds-supersample.pdf",
                f"{FIGURES}/bounds-supersample.csv",
            ]
            if SUPERSAMPLES
            else []
        ),
        tighter=(
            [
                report(
                    f"{FIGURES}/bounds-tighter.png",
                    caption="../report/bounds-tighter.rst",
                    category=BOUNDS,
                    labels={"figure": "tighter bounds from supersamples"},
                ),
                f"{FIGURES}/bounds-tighter.pdf",
                f"{FIGURES}/bounds-tighter.csv",
            ]
            if SUPERSAMPLES
            else []
        ),
    log:
        f"logs/{RESULTS}/bounds.log",
    localrule: True
    conda:
        "../../envs/neuroninfo.yaml"
    resources:
        mem_mb=4000,
        runtime=30,
    params:
        code=lambda wildcards: code("study_bounds.py"),
    script:
        "../scripts/study_bounds.py"
