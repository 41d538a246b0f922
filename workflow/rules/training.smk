"""One job trains a block of seeds of a condition together."""

# Paths of the conditions whose activations stay, and of the others.
KEPT, DROPPED = (
    "|".join(
        re.escape(condition.path)
        for condition, plan in STUDY.plans.items()
        if plan.keep_activations == stay
    )
    for stay in (True, False)
)


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
    conda:
        "../../envs/neuroninfo.yaml"
    threads: 1
    resources:
        mem_mb=needing("train"),
        runtime=lasting(60),
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
