"""Two-dimensional toys: logistic regression, and networks of width two."""

TOY = f"{RESULTS}/toys/{{toy}}"
TOY_FIGURES = [
    *figure_files(f"toys/{name}-logistic" for name in STUDY.toys()),
    *figure_files(f"toys/{name}-network" for name in STUDY.toys(network=True)),
    *(f"{FIGURES}/toys/{name}-network.gif" for name in STUDY.toys(network=True)),
]
STUDY_FIGURES += TOY_FIGURES


rule toy:
    output:
        f"{TOY}/logistic.nc",
    log:
        f"logs/{TOY}/logistic.log",
    localrule: True
    conda:
        "../../envs/neuroninfo.yaml"
    resources:
        mem_mb=2000,
        runtime=10,
    params:
        condition=lambda wildcards: {"study": STUDY.name, "toy": wildcards.toy},
        settings=lambda wildcards: STUDY.toy_settings(wildcards.toy),
        code=lambda wildcards: code("toy.py"),
    script:
        "../scripts/toy.py"


rule toy_network:
    input:
        f"{TOY}/logistic.nc",
    output:
        f"{TOY}/network.nc",
    log:
        f"logs/{TOY}/network.log",
    benchmark:
        f"logs/benchmarks/{TOY}/network.tsv"
    conda:
        "../../envs/neuroninfo.yaml"
    threads: 1
    resources:
        mem_mb=growing(2000),
        runtime=lasting(20),
    params:
        condition=lambda wildcards: {"study": STUDY.name, "toy": wildcards.toy},
        settings=lambda wildcards: STUDY.toy_network_settings(),
        code=lambda wildcards: code("toy_network.py"),
    script:
        "../scripts/toy_network.py"


rule figure_toys_logistic:
    input:
        f"{TOY}/logistic.nc",
    output:
        report(
            f"{FIGURES}/toys/{{toy}}-logistic.png",
            caption="../report/toys-logistic.rst",
            category=TOYS,
            labels={"figure": "logistic regression", "set": "{toy}"},
        ),
        f"{FIGURES}/toys/{{toy}}-logistic.pdf",
        f"{FIGURES}/toys/{{toy}}-logistic.csv",
    log:
        f"logs/{FIGURES}/toys/{{toy}}-logistic.log",
    localrule: True
    conda:
        "../../envs/neuroninfo.yaml"
    resources:
        mem_mb=2000,
        runtime=10,
    params:
        code=lambda wildcards: code("figure_toys_logistic.py"),
    script:
        "../scripts/figure_toys_logistic.py"


rule figure_toys_network:
    input:
        toy=f"{TOY}/logistic.nc",
        network=f"{TOY}/network.nc",
    output:
        png=report(
            f"{FIGURES}/toys/{{toy}}-network.png",
            caption="../report/toys-network.rst",
            category=TOYS,
            labels={"figure": "network", "set": "{toy}"},
        ),
        pdf=f"{FIGURES}/toys/{{toy}}-network.pdf",
        csv=f"{FIGURES}/toys/{{toy}}-network.csv",
        gif=f"{FIGURES}/toys/{{toy}}-network.gif",
        page=report(
            f"{FIGURES}/toys/{{toy}}-network.html",
            caption="../report/toys-network.rst",
            category=TOYS,
            labels={"figure": "network over training, animated", "set": "{toy}"},
        ),
    log:
        f"logs/{FIGURES}/toys/{{toy}}-network.log",
    localrule: True
    conda:
        "../../envs/neuroninfo.yaml"
    resources:
        mem_mb=2000,
        runtime=10,
    params:
        code=lambda wildcards: code("figure_toys_network.py"),
    script:
        "../scripts/figure_toys_network.py"
