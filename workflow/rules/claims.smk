"""What the curves say: numbers of neurons, the talk's claims, conditions and settings compared."""

COMPARED = {
    name: [Condition(*names) for names in STUDY.comparison_settings(name)["conditions"]]
    for name in config["comparisons"]
}
STUDY_FIGURES += figure_files(f"comparison-{name}" for name in COMPARED)
if SWEEP := STUDY.sweep():
    STUDY_FIGURES += figure_files(["where-claims-hold"])
if STUDY.ablated:
    STUDY_TABLES += table_files(["readings", "claims"])
for condition in filter(STUDY.has_talk_counts, DRAWN):
    OWN_FIGURES[condition].append("tolerances")


rule readings:
    input:
        neurons=of_condition("neurons.nc"),
        damage=of_condition("damage.nc"),
        ablations=all_ablations,
    output:
        reading=f"{CONDITION}/reading.nc",
        counts=f"{CONDITION}/reading.csv",
        claims=f"{CONDITION}/claims.csv",
        correlations=f"{CONDITION}/simpson.csv",
        effects=f"{CONDITION}/effects.csv",
        replaced=f"{CONDITION}/replaced.csv",
    log:
        f"logs/{CONDITION}/readings.log",
    localrule: True
    conda:
        "../../envs/neuroninfo.yaml"
    resources:
        mem_mb=4000,
        runtime=30,
    params:
        condition=seeds_of,
        sets=lambda wildcards: STUDY.plans[condition_of(wildcards)].orderings,
        settings=lambda wildcards: STUDY.reading_settings(condition_of(wildcards)),
        code=lambda wildcards: code("readings.py"),
    script:
        "../scripts/readings.py"


rule figure_tolerances:
    input:
        f"{CONDITION}/reading.nc",
    output:
        table=f"{CONDITION}/tolerances.csv",
        figure=[
            report(
                f"{FIGURE}/tolerances.png",
                caption="../report/tolerances.rst",
                category=CLAIMS,
                subcategory=BY_CONDITION,
                labels=figure_labels("tolerances of the talk's numbers"),
            ),
            f"{FIGURE}/tolerances.pdf",
            f"{FIGURE}/tolerances.csv",
        ],
    log:
        f"logs/{FIGURE}/tolerances.log",
    localrule: True
    conda:
        "../../envs/neuroninfo.yaml"
    resources:
        mem_mb=growing(2000),
        runtime=lasting(30),
    params:
        condition=seeds_of,
        code=lambda wildcards: code("figure_tolerances.py"),
    script:
        "../scripts/figure_tolerances.py"


rule study_readings:
    input:
        counts=of_conditions("reading.csv", STUDY.ablated),
        claims=of_conditions("claims.csv", STUDY.ablated),
    output:
        counts=f"{RESULTS}/readings.csv",
        counts_page=report(
            f"{RESULTS}/readings.html",
            caption="../report/readings.rst",
            category=CLAIMS,
            subcategory=OF_THE_STUDY,
            labels={"figure": "table of numbers of neurons"},
        ),
        claims=f"{RESULTS}/claims.csv",
        claims_page=report(
            f"{RESULTS}/claims.html",
            caption="../report/claims.rst",
            category=CLAIMS,
            subcategory=OF_THE_STUDY,
            labels={"figure": "table of claims"},
        ),
    log:
        f"logs/{RESULTS}/readings.log",
    localrule: True
    conda:
        "../../envs/neuroninfo.yaml"
    resources:
        mem_mb=4000,
        runtime=30,
    params:
        conditions=named(STUDY.ablated),
        code=lambda wildcards: code("study_readings.py"),
    script:
        "../scripts/study_readings.py"


rule figure_comparison:
    input:
        counts=lambda wildcards: of_conditions(
            "reading.csv", COMPARED[wildcards.comparison]
        ),
        claims=lambda wildcards: of_conditions(
            "claims.csv", COMPARED[wildcards.comparison]
        ),
    output:
        report(
            f"{FIGURES}/comparison-{{comparison}}.png",
            caption="../report/comparison.rst",
            category=CLAIMS,
            subcategory=OF_THE_STUDY,
            labels={"figure": "comparison {comparison}"},
        ),
        f"{FIGURES}/comparison-{{comparison}}.pdf",
        f"{FIGURES}/comparison-{{comparison}}.csv",
    log:
        f"logs/{FIGURES}/comparison-{{comparison}}.log",
    localrule: True
    conda:
        "../../envs/neuroninfo.yaml"
    resources:
        mem_mb=2000,
        runtime=10,
    params:
        comparison=lambda wildcards: STUDY.comparison_settings(wildcards.comparison),
        code=lambda wildcards: code("figure_comparison.py"),
    script:
        "../scripts/figure_comparison.py"


rule figure_where_claims_hold:
    input:
        f"{RESULTS}/claims.csv",
    output:
        report(
            f"{FIGURES}/where-claims-hold.png",
            caption="../report/where-claims-hold.rst",
            category=CLAIMS,
            subcategory=OF_THE_STUDY,
            labels={"figure": "where the claims hold"},
        ),
        f"{FIGURES}/where-claims-hold.pdf",
        f"{FIGURES}/where-claims-hold.csv",
    log:
        f"logs/{FIGURES}/where-claims-hold.log",
    localrule: True
    conda:
        "../../envs/neuroninfo.yaml"
    resources:
        mem_mb=growing(2000),
        runtime=lasting(10),
    params:
        sweep=SWEEP,
        code=lambda wildcards: code("figure_where_claims_hold.py"),
    script:
        "../scripts/figure_where_claims_hold.py"
