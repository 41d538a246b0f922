"""One job trains a block of seeds of a condition together, or a bundle of such blocks."""

# Paths of the conditions whose activations stay, and of the others.
ALONE = [condition for condition in STUDY.conditions if condition not in BUNDLED]
KEPT, DROPPED = (pattern_of(ALONE, stay) for stay in (True, False))
KEPT_OF_BUNDLES, DROPPED_OF_BUNDLES = (
    pattern_of(sorted(BUNDLED, key=str), stay) for stay in (True, False)
)

# The sizes of a job that trains a bundle: its conditions have networks of one shape.
OF_BUNDLE = {
    "condition": lambda wildcards: BUNDLES[wildcards.bundle].conditions[0],
    "networks": lambda wildcards: BUNDLES[wildcards.bundle].networks,
}


rule train:
    input:
        dataset="results/datasets/{dataset}.nc",
    output:
        network=f"{BLOCK}/network.nc",
        history=f"{BLOCK}/history.nc",
        activations=f"{BLOCK}/activations.nc",
    log:
        f"logs/{BLOCK}/train.log",
    benchmark:
        f"logs/benchmarks/{BLOCK}/train.tsv"
    wildcard_constraints:
        dataset=rf"(?=({KEPT})/)[a-z0-9_-]+",
        architecture=PERCEPTRON,
    priority: AWAITED
    conda:
        "../../envs/neuroninfo.yaml"
    threads: 1
    resources:
        mem_mb=needing("train"),
        runtime=lasting(estimated("train")),
    params:
        condition=block_of,
        settings=lambda wildcards: STUDY.training_settings(condition_of(wildcards)),
        checkpoints=CHECKPOINTS,
        code=lambda wildcards: code("train.py"),
    script:
        "../scripts/train.py"


# The same where activations are removed once they were used: an output is temporary or not.
use rule train as train_and_drop with:
    output:
        network=f"{BLOCK}/network.nc",
        history=f"{BLOCK}/history.nc",
        activations=temp(f"{BLOCK}/activations.nc"),
    wildcard_constraints:
        dataset=rf"(?=({DROPPED})/)[a-z0-9_-]+",
        architecture=PERCEPTRON,


rule train_bundle:
    input:
        dataset=lambda wildcards: f"results/datasets/{BUNDLES[wildcards.bundle].dataset}.nc",
    output:
        temp(directory(f"{RESULTS}/bundles/{{bundle}}")),
    log:
        f"logs/{BUNDLE}/train_bundle.log",
    benchmark:
        f"logs/benchmarks/{BUNDLE}/train_bundle.tsv"
    priority: AWAITED
    conda:
        "../../envs/neuroninfo.yaml"
    threads: 1
    resources:
        mem_mb=needing("train", **OF_BUNDLE),
        runtime=lasting(estimated("train", **OF_BUNDLE)),
    params:
        conditions=blocks_of_bundle,
        settings=lambda wildcards: [
            STUDY.training_settings(condition)
            for condition in BUNDLES[wildcards.bundle].conditions
        ],
        paths=lambda wildcards: [
            condition.path for condition in BUNDLES[wildcards.bundle].conditions
        ],
        checkpoints=CHECKPOINTS,
        code=lambda wildcards: code("train_bundle.py"),
    script:
        "../scripts/train_bundle.py"


rule unbundle:
    input:
        bundle_of,
    output:
        network=f"{BLOCK}/network.nc",
        history=f"{BLOCK}/history.nc",
        activations=f"{BLOCK}/activations.nc",
    log:
        f"logs/{BLOCK}/unbundle.log",
    wildcard_constraints:
        dataset=rf"(?=({KEPT_OF_BUNDLES})/)[a-z0-9_-]+",
        architecture=PERCEPTRON,
    localrule: True
    conda:
        "../../envs/neuroninfo.yaml"
    resources:
        mem_mb=500,
        runtime=10,
    params:
        path=lambda wildcards: condition_of(wildcards).path,
        settings=lambda wildcards: STUDY.training_settings(condition_of(wildcards)),
        training=code_of_bundles,
        code=lambda wildcards: code("unbundle.py"),
    script:
        "../scripts/unbundle.py"


use rule unbundle as unbundle_and_drop with:
    output:
        network=f"{BLOCK}/network.nc",
        history=f"{BLOCK}/history.nc",
        activations=temp(f"{BLOCK}/activations.nc"),
    wildcard_constraints:
        dataset=rf"(?=({DROPPED_OF_BUNDLES})/)[a-z0-9_-]+",
        architecture=PERCEPTRON,
