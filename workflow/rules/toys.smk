"""Two-dimensional toys: logistic regression, and networks of width two."""

TOY = f"{RESULTS}/toys/{{toy}}"
ALL_TOYS, WITH_NETWORK = STUDY.toys(), STUDY.toys(network=True)
TOY_FIGURES = [
    *figure_files(f"toys/{name}-logistic" for name in ALL_TOYS),
    *figure_files(f"toys/{name}-network" for name in WITH_NETWORK),
    *(f"{FIGURES}/toys/{name}-network.gif" for name in WITH_NETWORK),
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


rule figure_toys:
    input:
        toys=expand(f"{TOY}/logistic.nc", toy=ALL_TOYS),
        with_network=expand(f"{TOY}/logistic.nc", toy=WITH_NETWORK),
        networks=expand(f"{TOY}/network.nc", toy=WITH_NETWORK),
    output:
        logistic=[
            report(
                f"{FIGURES}/toys/{toy}-logistic.png",
                caption="../report/toys-logistic.rst",
                category=TOYS,
                labels={"figure": "logistic regression", "set": toy},
            )
            for toy in ALL_TOYS
        ],
        logistic_pdf=[f"{FIGURES}/toys/{toy}-logistic.pdf" for toy in ALL_TOYS],
        logistic_csv=[f"{FIGURES}/toys/{toy}-logistic.csv" for toy in ALL_TOYS],
        network=[
            report(
                f"{FIGURES}/toys/{toy}-network.png",
                caption="../report/toys-network.rst",
                category=TOYS,
                labels={"figure": "network", "set": toy},
            )
            for toy in WITH_NETWORK
        ],
        network_pdf=[f"{FIGURES}/toys/{toy}-network.pdf" for toy in WITH_NETWORK],
        network_csv=[f"{FIGURES}/toys/{toy}-network.csv" for toy in WITH_NETWORK],
        network_gif=[f"{FIGURES}/toys/{toy}-network.gif" for toy in WITH_NETWORK],
        network_page=[
            report(
                f"{FIGURES}/toys/{toy}-network.html",
                caption="../report/toys-network.rst",
                category=TOYS,
                labels={"figure": "network over training, animated", "set": toy},
            )
            for toy in WITH_NETWORK
        ],
    log:
        f"logs/{FIGURES}/toys.log",
    localrule: True
    conda:
        "../../envs/neuroninfo.yaml"
    resources:
        mem_mb=2000,
        runtime=10,
    params:
        code=lambda wildcards: code("figure_toys.py"),
    script:
        "../scripts/figure_toys.py"
