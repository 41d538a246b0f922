"""Two-dimensional toys: logistic regression, and networks of width two."""

TOY = f"{RESULTS}/toys/{{toy}}"
TOY_FIGURE = f"{FIGURES}/toys/{{toy}}"


rule toy:
    output:
        f"{TOY}/logistic.nc",
    log:
        f"logs/{TOY}/logistic.log",
    conda:
        "../../envs/neuroninfo.yaml"
    resources:
        mem_mb=growing(2000),
        runtime=growing(10),
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
        runtime=growing(20),
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
            f"{TOY_FIGURE}-logistic.png",
            caption="../report/toys-logistic.rst",
            category=TOYS,
            labels={"figure": "logistic regression", "set": "{toy}"},
        ),
        f"{TOY_FIGURE}-logistic.pdf",
        f"{TOY_FIGURE}-logistic.csv",
    log:
        f"logs/{TOY_FIGURE}-logistic.log",
    conda:
        "../../envs/neuroninfo.yaml"
    resources:
        mem_mb=growing(2000),
        runtime=growing(10),
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
            f"{TOY_FIGURE}-network.png",
            caption="../report/toys-network.rst",
            category=TOYS,
            labels={"figure": "network", "set": "{toy}"},
        ),
        pdf=f"{TOY_FIGURE}-network.pdf",
        csv=f"{TOY_FIGURE}-network.csv",
        gif=report(
            f"{TOY_FIGURE}-network.gif",
            caption="../report/toys-network.rst",
            category=TOYS,
            labels={"figure": "network over training", "set": "{toy}"},
        ),
    log:
        f"logs/{TOY_FIGURE}-network.log",
    conda:
        "../../envs/neuroninfo.yaml"
    resources:
        mem_mb=growing(2000),
        runtime=growing(10),
    params:
        code=lambda wildcards: code("figure_toys_network.py"),
    script:
        "../scripts/figure_toys_network.py"
