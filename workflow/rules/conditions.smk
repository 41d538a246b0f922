"""The study from the configuration, and the functions that rules use."""

import functools
import re

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
FIGURES = f"{RESULTS}/figures"
FIGURE = f"{FIGURES}/{{dataset}}/{{architecture}}/{{activation}}/{{regularizer}}"


wildcard_constraints:
    dataset=r"[a-z0-9_]+",
    architecture=r"[0-9-]+",
    activation=r"[a-z_]+",
    regularizer=r"[a-z0-9.-]+",
    first=r"\d+",
    last=r"\d+",
    orderings=r"[a-z0-9-]+",
    comparison=r"[a-z0-9-]+",
    toy=r"[a-z]+",
    part=r"label|input|cost",
    gaps=r"[a-z0-9][a-z0-9.-]*",


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


def dataset_of(condition):
    """The data set's file of a condition."""
    return f"results/datasets/{condition.dataset}.nc"


def described_gaps(name):
    """What is trained for bounds as it is written into files."""
    chosen = config["bounds"]["gaps"][name]
    return {
        "study": STUDY.name,
        "name": name,
        **vars(STUDY.gap_condition(name)),
        "label_noise": chosen["label_noise"],
        "seeds": list(range(config["bounds"]["seeds"])),
    }


def described_supersample():
    """What is trained on halves of pools as it is written into files."""
    masks = config["bounds"]["supersample"]["masks"]
    return {
        "study": STUDY.name,
        **vars(STUDY.supersample),
        "seeds": list(range(masks)),
    }


def section_of(wildcards):
    """The section of the configuration that says for how many seeds a file is made."""
    if wildcards.get("orderings"):
        return ("orderings", wildcards.orderings)
    experiment = {"pruned": "pruning", "precision": "precision", "plane": "planes"}
    return (experiment[wildcards.kind],) if wildcards.get("kind") in experiment else ()


def seeds_of(wildcards):
    """The condition and all its seeds (or those of a section) as they are written into files."""
    n_seeds = STUDY.n_seeds(condition_of(wildcards), *section_of(wildcards))
    return described(wildcards) | {"seeds": list(range(n_seeds))}


def of_blocks(wildcards):
    """The file of one kind of every block of a condition."""
    return [
        f"{CONDITION}/seeds-{first}-{last}/{{kind}}.nc".format(**wildcards)
        for first, last in STUDY.blocks(condition_of(wildcards), *section_of(wildcards))
    ]


def ablations_of_blocks(wildcards):
    """The curves of a set of every block of a condition that has it."""
    return [
        f"{CONDITION}/seeds-{first}-{last}/ablation-{{orderings}}.nc".format(
            **wildcards
        )
        for first, last in STUDY.blocks(condition_of(wildcards), *section_of(wildcards))
    ]


def found_orders(wildcards):
    """Orders that have to be found, if a set has any."""
    if not STUDY.searched(wildcards.orderings):
        return {}
    return {"orders": f"{BLOCK}/orders-{{orderings}}.nc".format(**wildcards)}


def kept_orders(wildcards):
    """Orders that have to be found to say which neurons a pruned network keeps."""
    orderings = STUDY.pruning_orderings(condition_of(wildcards))
    if not STUDY.searched(orderings):
        return {}
    return {"orders": f"{BLOCK}/orders-{orderings}.nc".format(**wildcards)}


def first_ablation(wildcards):
    """The curves that give a condition's claims and figures: those of its first set."""
    orderings = STUDY.plans[condition_of(wildcards)].orderings[0]
    return f"{CONDITION}/ablation-{orderings}.nc".format(**wildcards)


def of_conditions(name, conditions=None):
    """A file of each condition (by default of those that are ablated)."""
    chosen = STUDY.ablated if conditions is None else conditions
    return [f"{RESULTS}/{condition.path}/{name}" for condition in chosen]


def ablation_files(conditions):
    """The curves of all sets of orderings of some conditions."""
    return [
        f"{RESULTS}/{condition.path}/ablation-{orderings}.nc"
        for condition in conditions
        for orderings in STUDY.plans[condition].orderings
    ]


def named(conditions):
    """Conditions as parameters."""
    return [
        [c.dataset, c.architecture, c.activation, c.regularizer] for c in conditions
    ]


def growing(start):
    """A resource that doubles with each attempt."""
    return lambda wildcards, attempt: start * 2 ** (attempt - 1)


def only(conditions):
    """Constraint of the wildcard dataset to the paths of some conditions."""
    paths = "|".join(re.escape(condition.path) for condition in conditions)
    return rf"(?=({paths})/)[a-z0-9_]+" if paths else "(?!)"


def figures_of(condition):
    """Names of a condition's own figures."""
    plan = STUDY.plans[condition]
    experiments = [
        *plan.experiments,
        *(["clustering"] if "planes" in plan.experiments else []),
    ]
    if not (plan.figures and plan.orderings):
        return experiments
    return [
        *("ablation-network", "ablation-layers", "information", "simpson"),
        *(["ranking"] if STUDY.ranked_sets(condition) else []),
        *(f"quantizers-{name}" for name in STUDY.quantizer_sets(condition)),
        *(f"replacement-{name}" for name in STUDY.balanced_sets(condition)),
        *experiments,
    ]


def effects_of_ranked(wildcards):
    """Effects of the orders of all ranked sets of a condition."""
    return [
        f"{CONDITION}/effects-{orderings}.csv".format(**wildcards)
        for orderings in STUDY.ranked_sets(condition_of(wildcards))
    ]


def figure_files(conditions):
    """PDF and PNG of the conditions' own figures."""
    return [
        f"{FIGURES}/{condition.path}/{figure}.{suffix}"
        for condition in conditions
        for figure in figures_of(condition)
        for suffix in ("pdf", "png")
    ]


def of_comparison(wildcards, name):
    """A file of each condition of a comparison."""
    compared = STUDY.comparison_settings(wildcards.comparison)["conditions"]
    return [f"{RESULTS}/{'/'.join(condition)}/{name}" for condition in compared]


def comparison_files(dataset=""):
    """PDF and PNG of the comparisons (of one data set)."""
    return [
        f"{FIGURES}/comparison-{name}.{suffix}"
        for name, comparison in config["comparisons"].items()
        if dataset in ("", comparison["dataset"])
        for suffix in ("pdf", "png")
    ]


def toy_files():
    """Figures of all toys."""
    return [
        f"{FIGURES}/toys/{name}-{figure}"
        for kind, names, suffixes in (
            ("logistic", STUDY.toys(), ("png", "pdf")),
            ("network", STUDY.toys(network=True), ("png", "pdf", "gif")),
        )
        for name in names
        for figure in (f"{kind}.{suffix}" for suffix in suffixes)
    ]


def activations_of(wildcards):
    """Conditions with planes that differ in their activation only."""
    wanted = (wildcards.dataset, wildcards.architecture, wildcards.regularizer)
    return [
        c
        for c in STUDY.with_planes
        if (c.dataset, c.architecture, c.regularizer) == wanted
    ]


def calibration_files():
    """Figures of the calibration of estimators."""
    if not STUDY.calibration_settings():
        return []
    return [
        f"{FIGURES}/calibration-{figure}.{suffix}"
        for figure in ("label", "input", "cost")
        for suffix in ("png", "pdf")
    ]


def plane_files():
    """Figures of the planes of several conditions."""
    several = {c.path: c for c in STUDY.with_planes if len(activations_of(c)) > 1}
    figures = [
        f"{c.dataset}/{c.architecture}/planes-activations-{c.regularizer}"
        for c in several.values()
        if c == activations_of(c)[0]
    ]
    if STUDY.with_planes:
        figures += ["planes-compression", "planes-gap"]
    return [
        f"{FIGURES}/{name}.{suffix}" for name in figures for suffix in ("png", "pdf")
    ]


def bound_files():
    """Figures of bounds."""
    figures = [
        *(["bounds-error", "bounds-cross-entropy"] if STUDY.gaps else []),
        *(["bounds-supersample"] if STUDY.supersample else []),
    ]
    return [
        f"{FIGURES}/{name}.{suffix}" for name in figures for suffix in ("png", "pdf")
    ]


def study_tables():
    """Tables of the whole study."""
    return [
        *(
            [f"{RESULTS}/readings.csv", f"{RESULTS}/claims.csv"]
            if STUDY.ablated
            else []
        ),
        *(
            [f"{RESULTS}/compression.csv", f"{RESULTS}/plane-gap.csv"]
            if STUDY.with_planes
            else []
        ),
        *([f"{RESULTS}/bounds.csv"] if STUDY.gaps else []),
    ]


def refuse_placeholders():
    """Stop before anything is submitted if the profile was not edited."""
    left = {
        f"{key}: {value}"
        for job in workflow.dag.needrun_jobs()
        if not job.is_local
        for key in ("slurm_account", "slurm_partition")
        if str(value := job.resources.get(key, "")).startswith("your-")
    }
    if left:
        raise WorkflowError(
            f"profile: placeholders are left ({', '.join(sorted(left))}): put your cluster's "
            "names into profiles/slurm/config.yaml (docs/cluster.md says how to find them); "
            "nothing was submitted"
        )


def print_results():
    """What a reader opens first."""
    figures = [
        *(*toy_files(), *calibration_files(), *plane_files(), *bound_files()),
        *(*figure_files(STUDY.conditions), *comparison_files()),
    ]
    pngs = [path for path in figures if path.endswith(".png")]
    print("\nFigures (each as PDF too) and tables:")
    for path in [*pngs, *study_tables()]:
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
