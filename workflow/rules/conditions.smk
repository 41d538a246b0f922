"""The study from the configuration, and the functions that rules use."""

import functools

SOURCE = Path(workflow.basedir) / "src"
SCRIPTS = Path(workflow.basedir) / "workflow" / "scripts"
sys.path.insert(0, str(SOURCE))

from neuroninfo import configuration, provenance

try:
    STUDY = configuration.load(
        config, Path(workflow.basedir) / "workflow" / "schemas" / "config.schema.yaml"
    )
except configuration.ConfigurationError as error:
    raise WorkflowError(f"configuration: {error}") from None
config.update(STUDY.resolved)  # scripts see the defaults too

RESULTS = f"results/{STUDY.name}"
CONDITION = f"{RESULTS}/{{dataset}}/{{architecture}}/{{activation}}/{{regularizer}}"
BLOCK = f"{CONDITION}/seeds-{{first}}-{{last}}"
FIGURE = (
    f"{RESULTS}/figures/{{dataset}}/{{architecture}}/{{activation}}/{{regularizer}}"
)

FIGURES = [
    f"{RESULTS}/figures/{condition.path}/{figure}.{suffix}"
    for condition in STUDY.conditions
    for figure in ("ablation-network", "ablation-layers", "information")
    for suffix in ("pdf", "png")
]

HISTORIES = [f"{RESULTS}/{condition.path}/history.nc" for condition in STUDY.conditions]


wildcard_constraints:
    dataset=r"[a-z0-9_]+",
    architecture=r"[0-9-]+",
    activation=r"[a-z_]+",
    regularizer=r"[a-z0-9.-]+",
    first=r"\d+",
    last=r"\d+",


@functools.cache
def code(script):
    """SHA-256 over the library modules that a script uses: Snakemake does not see them."""
    return provenance.code_hash(SCRIPTS / script, SOURCE)


def condition_of(wildcards):
    return configuration.Condition(
        wildcards.dataset,
        wildcards.architecture,
        wildcards.activation,
        wildcards.regularizer,
    )


def described(wildcards):
    """The condition as it is written into files."""
    return {
        "study": STUDY.name,
        "dataset": wildcards.dataset,
        "architecture": wildcards.architecture,
        "activation": wildcards.activation,
        "regularizer": wildcards.regularizer,
    }


def block_of(wildcards):
    """The condition and the seeds of one block as they are written into files."""
    return described(wildcards) | {
        "seeds": list(range(int(wildcards.first), int(wildcards.last) + 1))
    }


def seeds_of(wildcards):
    """The condition and all its seeds as they are written into files."""
    return described(wildcards) | {"seeds": list(range(STUDY.n_seeds))}


def blocks(wildcards):
    """The file of one kind of every block of a condition."""
    return [
        f"{CONDITION}/seeds-{first}-{last}/{{kind}}.nc".format(**wildcards)
        for first, last in STUDY.blocks()
    ]


def growing(start):
    """A resource that doubles with each attempt."""
    return lambda wildcards, attempt: start * 2 ** (attempt - 1)


def kept(path):
    """Activations are dropped once used if the configuration says so."""
    return path if STUDY.keep_activations else temp(path)


def print_results():
    """What a reader opens first."""
    pngs = [path for path in FIGURES if path.endswith(".png")]
    print("\nFigures (each as PDF too) and claims:")
    for path in [*pngs, f"{RESULTS}/claims.csv"]:
        print(f"  {path}")


def figure_labels(scope):
    """Columns of the report's table of figures."""
    return {
        "data set": "{dataset}",
        "architecture": "{architecture}",
        "activation": "{activation}",
        "regularizer": "{regularizer}",
        "scope": scope,
    }
