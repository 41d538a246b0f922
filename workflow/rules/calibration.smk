"""Estimators of information on distributions with known information."""

CALIBRATION_PARTS = ("label", "input", "cost")
CALIBRATION_FIGURES = (
    figure_files(f"calibration-{part}" for part in CALIBRATION_PARTS)
    if STUDY.calibration_settings()
    else []
)
STUDY_FIGURES += CALIBRATION_FIGURES


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
        runtime=lasting(120),
    params:
        settings=STUDY.calibration_settings(),
        code=lambda wildcards: code("calibration.py"),
    script:
        "../scripts/calibration.py"


rule figure_calibration:
    input:
        f"{RESULTS}/calibration.nc",
    output:
        **{
            part: [
                report(
                    f"{FIGURES}/calibration-{part}.png",
                    caption="../report/calibration.rst",
                    category=PLANES,
                    subcategory=OF_THE_STUDY,
                    labels={"figure": f"calibration, {part}"},
                ),
                f"{FIGURES}/calibration-{part}.pdf",
                f"{FIGURES}/calibration-{part}.csv",
            ]
            for part in CALIBRATION_PARTS
        },
    log:
        f"logs/{FIGURES}/calibration.log",
    localrule: True
    conda:
        "../../envs/neuroninfo.yaml"
    resources:
        mem_mb=2000,
        runtime=10,
    params:
        code=lambda wildcards: code("figure_calibration.py"),
    script:
        "../scripts/figure_calibration.py"
