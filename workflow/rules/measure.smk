"""What every neuron knows, and the blocks of a condition put together."""


rule measure:
    input:
        activations=f"{BLOCK}/activations.nc",
    output:
        neurons=f"{BLOCK}/neurons.nc",
    log:
        f"logs/{BLOCK}/measure.log",
    benchmark:
        f"logs/benchmarks/{BLOCK}/measure.tsv"
    conda:
        "../../envs/neuroninfo.yaml"
    params:
        condition=block_of,
        settings=lambda wildcards: STUDY.measure_settings(condition_of(wildcards)),
        code=lambda wildcards: code("measure.py"),
    threads: 1
    resources:
        mem_mb=growing(4000),
        runtime=growing(30),
    script:
        "../scripts/measure.py"


rule gather:
    input:
        lambda wildcards: blocks(f"{wildcards.kind}.nc")(wildcards),
    output:
        f"{CONDITION}/{{kind}}.nc",
    log:
        f"logs/{CONDITION}/gather-{{kind}}.log",
    conda:
        "../../envs/neuroninfo.yaml"
    params:
        condition=seeds_of,
        code=lambda wildcards: code("gather.py"),
    wildcard_constraints:
        kind="neurons|ablation|history",
    resources:
        mem_mb=growing(4000),
        runtime=growing(30),
    script:
        "../scripts/gather.py"
