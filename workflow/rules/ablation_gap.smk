"""Whether networks that generalize worse depend more on single neurons (Morcos et al. 2018)."""

WITH_GAP = (
    STUDY.ablated if len(STUDY.ablated) >= 3 else ()
)  # fewer say nothing of conditions
if WITH_GAP:
    STUDY_FIGURES += figure_files(["ablation-gap"])
    STUDY_TABLES += table_files(["ablation-gap"])


rule study_ablation_gap:
    input:
        ablations=[first_ablation_of(condition) for condition in WITH_GAP],
        histories=of_conditions("history.nc", WITH_GAP),
        synergy=of_conditions("synergy.nc", STUDY.with_synergy),
    output:
        networks=f"{RESULTS}/ablation-gap-networks.csv",
        table=f"{RESULTS}/ablation-gap.csv",
        page=report(
            f"{RESULTS}/ablation-gap.html",
            caption="../report/ablation-gap.rst",
            category=NEWER,
            subcategory=OF_THE_STUDY,
            labels={"figure": "table of ablation and gaps"},
        ),
        figure=[
            report(
                f"{FIGURES}/ablation-gap.png",
                caption="../report/ablation-gap.rst",
                category=NEWER,
                subcategory=OF_THE_STUDY,
                labels={"figure": "ablation against the gap"},
            ),
            f"{FIGURES}/ablation-gap.pdf",
            f"{FIGURES}/ablation-gap.csv",
        ],
    log:
        f"logs/{RESULTS}/ablation-gap.log",
    localrule: True
    conda:
        "../../envs/neuroninfo.yaml"
    resources:
        mem_mb=growing(4000),
        runtime=lasting(30),
    params:
        conditions=named(WITH_GAP),
        noise=[STUDY.label_noise(condition) for condition in WITH_GAP],
        with_synergy=named(STUDY.with_synergy),
        study_seed=STUDY.seed,
        code=lambda wildcards: code("study_ablation_gap.py"),
    script:
        "../scripts/study_ablation_gap.py"
