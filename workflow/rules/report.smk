"""The pages that a report begins with: what was found, and an explorer of all curves and points."""

PAGES = PROJECT / "workflow" / "report"
EXPLORED = [
    condition
    for condition in STUDY.conditions
    if condition in STUDY.ablated or condition in STUDY.with_planes
]
# Section of the explorer -> what names of the figures that belong to it begin with.
SECTIONS = {
    "ablation": ("ablation-", "replacement-", "quantizers-", "ranking"),
    "layers": ("layer-share",),
    "neurons": ("information", "simpson"),
    "planes": ("planes", "clustering"),
}
# What a reader sees first: all conditions, else the first one that has a figure of its kind.
KEY_FIGURES = [
    *(["where-claims-hold"] if SWEEP else []),
    *(
        f"{condition.path}/{name}"
        for name in ("layer-share", "ablation-network", "planes")
        for condition in STUDY.conditions
        if name in OWN_FIGURES[condition]
    ),
]
REPORT_PAGES = [f"{RESULTS}/start.html"]
if EXPLORED:
    REPORT_PAGES.append(f"{RESULTS}/explorer.html")


rule start:
    input:
        claims=f"{RESULTS}/claims.csv" if STUDY.ablated else [],
        key_figure=[f"{FIGURES}/{name}.png" for name in KEY_FIGURES[:1]],
        template=PAGES / "start.html",
    output:
        report(
            f"{RESULTS}/start.html",
            caption="../report/start.rst",
            category=OVERVIEW,
            labels={"figure": "start page"},
        ),
    log:
        f"logs/{RESULTS}/start.log",
    localrule: True
    conda:
        "../../envs/neuroninfo.yaml"
    resources:
        mem_mb=2000,
        runtime=10,
    params:
        study=STUDY.name,
        explorer="explorer.html" if EXPLORED else None,
        figures={
            condition.path: OWN_FIGURES[condition] for condition in STUDY.conditions
        },
        code=lambda wildcards: code("start.py"),
    script:
        "../scripts/start.py"


rule explorer:
    input:
        claims=f"{RESULTS}/claims.csv" if STUDY.ablated else [],
        ablations=ABLATION_FILES,
        neurons=of_conditions("neurons.nc", STUDY.ablated),
        damage=of_conditions("damage.nc", STUDY.ablated),
        planes=of_conditions("plane.nc", STUDY.with_planes),
        template=PAGES / "explorer.html",
    output:
        report(
            f"{RESULTS}/explorer.html",
            caption="../report/explorer.rst",
            category=OVERVIEW,
            labels={"figure": "explorer"},
        ),
    log:
        f"logs/{RESULTS}/explorer.log",
    localrule: True
    conda:
        "../../envs/neuroninfo.yaml"
    resources:
        mem_mb=growing(4000),
        runtime=lasting(30),
    params:
        study=STUDY.name,
        conditions=named(EXPLORED),
        ablated=named(STUDY.ablated),
        sets=[STUDY.plans[condition].orderings for condition in STUDY.ablated],
        with_planes=named(STUDY.with_planes),
        figures=[
            {
                section: [
                    f"figures/{condition.path}/{name}"
                    for name in OWN_FIGURES[condition]
                    if name.startswith(beginnings)
                ]
                for section, beginnings in SECTIONS.items()
            }
            for condition in EXPLORED
        ],
        code=lambda wildcards: code("explorer.py"),
    script:
        "../scripts/explorer.py"
