"""Generalization bounds against measured gaps, of networks that are trained for it."""


rule bounds:
    input:
        dataset=lambda wildcards: dataset_of(STUDY.gap_condition(wildcards.gaps)),
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
        mem_mb=growing(4000),
        runtime=growing(120),
    params:
        condition=lambda wildcards: described_gaps(wildcards.gaps),
        settings=lambda wildcards: STUDY.gap_settings(wildcards.gaps),
        code=lambda wildcards: code("bounds.py"),
    script:
        "../scripts/bounds.py"


rule figure_bounds:
    input:
        gap_files(),
    output:
        error=report(
            f"{FIGURES}/bounds-error.png",
            caption="../report/bounds.rst",
            category=BOUNDS,
            labels={"figure": "gap and bounds, 0-1 loss"},
        ),
        cross_entropy=report(
            f"{FIGURES}/bounds-cross-entropy.png",
            caption="../report/bounds.rst",
            category=BOUNDS,
            labels={"figure": "gap and bounds, cross-entropy"},
        ),
        others=[
            f"{FIGURES}/bounds-{loss}.{suffix}"
            for loss in ("error", "cross-entropy")
            for suffix in ("pdf", "csv")
        ],
    log:
        f"logs/{FIGURES}/bounds.log",
    conda:
        "../../envs/neuroninfo.yaml"
    resources:
        mem_mb=growing(2000),
        runtime=growing(10),
    params:
        code=lambda wildcards: code("figure_bounds.py"),
    script:
        "../scripts/figure_bounds.py"


rule supersample:
    input:
        dataset=lambda wildcards: dataset_of(
            STUDY.supersample_condition(wildcards.supersample)
        ),
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
        mem_mb=growing(4000),
        runtime=growing(120),
    params:
        condition=lambda wildcards: described_supersample(wildcards.supersample),
        settings=lambda wildcards: STUDY.supersample_settings(wildcards.supersample),
        code=lambda wildcards: code("supersample.py"),
    script:
        "../scripts/supersample.py"


rule figure_bounds_supersample:
    input:
        supersample_files(),
    output:
        report(
            f"{FIGURES}/bounds-supersample.png",
            caption="../report/bounds-supersample.rst",
            category=BOUNDS,
            labels={"figure": "f-CMI"},
        ),
        f"{FIGURES}/bounds-supersample.pdf",
        f"{FIGURES}/bounds-supersample.csv",
    log:
        f"logs/{FIGURES}/bounds-supersample.log",
    conda:
        "../../envs/neuroninfo.yaml"
    resources:
        mem_mb=growing(2000),
        runtime=growing(10),
    params:
        code=lambda wildcards: code("figure_bounds_supersample.py"),
    script:
        "../scripts/figure_bounds_supersample.py"


rule study_bounds:
    input:
        gaps=gap_files(),
        supersamples=supersample_files(),
    output:
        table=f"{RESULTS}/bounds.csv",
        page=report(
            f"{RESULTS}/bounds.html",
            caption="../report/bounds.rst",
            category=BOUNDS,
            labels={"figure": "table of bounds"},
        ),
    log:
        f"logs/{RESULTS}/bounds.log",
    conda:
        "../../envs/neuroninfo.yaml"
    resources:
        mem_mb=growing(2000),
        runtime=growing(10),
    params:
        code=lambda wildcards: code("study_bounds.py"),
    script:
        "../scripts/study_bounds.py"
