"""One file a data set, which every job reads; only here is anything downloaded."""


rule dataset:
    output:
        "results/datasets/{dataset}.nc",
    log:
        "logs/dataset/{dataset}.log",
    benchmark:
        "logs/benchmarks/dataset/{dataset}.tsv"
    localrule: True
    conda:
        "../../envs/neuroninfo.yaml"
    resources:
        mem_mb=4000,
        runtime=30,
    params:
        settings=lambda wildcards: STUDY.dataset_settings(wildcards.dataset),
        code=lambda wildcards: code("dataset.py"),
    script:
        "../scripts/dataset.py"
