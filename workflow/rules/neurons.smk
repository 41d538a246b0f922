"""What every neuron knows."""


rule measure:
    input:
        activations=f"{BLOCK}/activations.nc",
        network=f"{BLOCK}/network.nc",
    output:
        neurons=f"{BLOCK}/neurons.nc",
    log:
        f"logs/{BLOCK}/measure.log",
    benchmark:
        f"logs/benchmarks/{BLOCK}/measure.tsv"
    wildcard_constraints:
        architecture=PERCEPTRON,
    priority: AWAITED
    conda:
        "../../envs/neuroninfo.yaml"
    threads: 1
    resources:
        mem_mb=needing("measure"),
        runtime=lasting(estimated("measure")),
    params:
        condition=block_of,
        settings=lambda wildcards: STUDY.measure_settings(condition_of(wildcards)),
        code=lambda wildcards: code("measure.py"),
    script:
        "../scripts/measure.py"
