"""Convolutional networks: the same files as of multilayer perceptrons, by modules of torch."""


rule train_convolutional:
    input:
        dataset="results/datasets/{dataset}.nc",
    output:
        network=f"{BLOCK}/network.nc",
        history=f"{BLOCK}/history.nc",
        activations=f"{BLOCK}/activations.nc",
    log:
        f"logs/{BLOCK}/train_convolutional.log",
    benchmark:
        f"logs/benchmarks/{BLOCK}/train_convolutional.tsv"
    wildcard_constraints:
        dataset=rf"(?=({KEPT})/)[a-z0-9_-]+",
        architecture=CONVOLUTIONAL,
    conda:
        "../../envs/neuroninfo.yaml"
    threads: 1
    resources:
        mem_mb=growing(6000),
        runtime=lasting(120),
    params:
        condition=block_of,
        settings=lambda wildcards: STUDY.training_settings(condition_of(wildcards)),
        checkpoints=CHECKPOINTS,
        code=lambda wildcards: code("train_convolutional.py"),
    script:
        "../scripts/train_convolutional.py"


# The same where activations are removed once they were used: an output is temporary or not.
use rule train_convolutional as train_convolutional_and_drop with:
    output:
        network=f"{BLOCK}/network.nc",
        history=f"{BLOCK}/history.nc",
        activations=temp(f"{BLOCK}/activations.nc"),
    wildcard_constraints:
        dataset=rf"(?=({DROPPED})/)[a-z0-9_-]+",
        architecture=CONVOLUTIONAL,


rule measure_convolutional:
    input:
        activations=f"{BLOCK}/activations.nc",
        network=f"{BLOCK}/network.nc",
    output:
        neurons=f"{BLOCK}/neurons.nc",
    log:
        f"logs/{BLOCK}/measure_convolutional.log",
    benchmark:
        f"logs/benchmarks/{BLOCK}/measure_convolutional.tsv"
    wildcard_constraints:
        architecture=CONVOLUTIONAL,
    conda:
        "../../envs/neuroninfo.yaml"
    threads: 1
    resources:
        mem_mb=growing(4000),
        runtime=lasting(30),
    params:
        condition=block_of,
        settings=lambda wildcards: STUDY.measure_settings(condition_of(wildcards)),
        code=lambda wildcards: code("measure_convolutional.py"),
    script:
        "../scripts/measure_convolutional.py"


rule damage_convolutional:
    input:
        dataset="results/datasets/{dataset}.nc",
        network=f"{BLOCK}/network.nc",
    output:
        damage=f"{BLOCK}/damage.nc",
    log:
        f"logs/{BLOCK}/damage_convolutional.log",
    benchmark:
        f"logs/benchmarks/{BLOCK}/damage_convolutional.tsv"
    wildcard_constraints:
        architecture=CONVOLUTIONAL,
    conda:
        "../../envs/neuroninfo.yaml"
    threads: 1
    resources:
        mem_mb=growing(6000),
        runtime=lasting(120),
    params:
        condition=block_of,
        settings=STUDY.convolutional_settings(),
        code=lambda wildcards: code("damage_convolutional.py"),
    script:
        "../scripts/damage_convolutional.py"


rule ablate_convolutional:
    input:
        dataset="results/datasets/{dataset}.nc",
        network=f"{BLOCK}/network.nc",
        neurons=f"{BLOCK}/neurons.nc",
    output:
        ablation=f"{BLOCK}/ablation-{{orderings}}.nc",
    log:
        f"logs/{BLOCK}/ablate_convolutional-{{orderings}}.log",
    benchmark:
        f"logs/benchmarks/{BLOCK}/ablate_convolutional-{{orderings}}.tsv"
    wildcard_constraints:
        architecture=CONVOLUTIONAL,
    conda:
        "../../envs/neuroninfo.yaml"
    threads: 1
    resources:
        mem_mb=growing(6000),
        runtime=lasting(240),
    params:
        condition=block_of,
        settings=lambda wildcards: (
            STUDY.ablation_settings(wildcards.orderings)
            | STUDY.convolutional_settings()
        ),
        code=lambda wildcards: code("ablate_convolutional.py"),
    script:
        "../scripts/ablate_convolutional.py"
