"""One job trains a block of seeds of a condition together."""


rule train:
    input:
        dataset="results/datasets/{dataset}.nc",
    output:
        network=f"{BLOCK}/network.nc",
        history=f"{BLOCK}/history.nc",
        activations=kept(f"{BLOCK}/activations.nc"),
    log:
        f"logs/{BLOCK}/train.log",
    benchmark:
        f"logs/benchmarks/{BLOCK}/train.tsv"
    conda:
        "../../envs/neuroninfo.yaml"
    threads: 1
    resources:
        mem_mb=growing(4000),
        runtime=growing(60),
    params:
        condition=block_of,
        settings=lambda wildcards: STUDY.training_settings(condition_of(wildcards)),
        code=lambda wildcards: code("train.py"),
    script:
        "../scripts/train.py"
