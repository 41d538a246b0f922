"""Neurons switched off one after another, in the order of what was measured."""


rule ablate:
    input:
        dataset="results/datasets/{dataset}.nc",
        network=f"{BLOCK}/network.nc",
        neurons=f"{BLOCK}/neurons.nc",
    output:
        ablation=f"{BLOCK}/ablation.nc",
    log:
        f"logs/{BLOCK}/ablate.log",
    benchmark:
        f"logs/benchmarks/{BLOCK}/ablate.tsv"
    conda:
        "../../envs/neuroninfo.yaml"
    threads: 1
    resources:
        mem_mb=growing(4000),
        runtime=growing(120),
    params:
        condition=block_of,
        settings=lambda wildcards: STUDY.ablation_settings(condition_of(wildcards)),
        code=lambda wildcards: code("ablate.py"),
    script:
        "../scripts/ablate.py"
