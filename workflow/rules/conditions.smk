"""The study from the configuration, and the functions that rules use."""

import functools
import os
import re
import time

SOURCE = Path(workflow.basedir) / "src"
SCRIPTS = Path(workflow.basedir) / "workflow" / "scripts"
sys.path.insert(0, str(SOURCE))

from neuroninfo import provenance
from neuroninfo.configuration import study as configuration
from neuroninfo.configuration.messages import ConfigurationError
from neuroninfo.configuration.plans import Condition

try:
    STUDY = configuration.load(
        config, Path(workflow.basedir) / "workflow" / "schemas" / "config.schema.yaml"
    )
except ConfigurationError as error:
    raise WorkflowError(f"configuration: {error}") from None
config.update(STUDY.resolved)  # scripts see the defaults too

STARTED = time.monotonic()
MANY = 40  # figures that are listed one by one at most

RESULTS = f"results/{STUDY.name}"
CONDITION = f"{RESULTS}/{{dataset}}/{{architecture}}/{{activation}}/{{regularizer}}"
BLOCK = f"{CONDITION}/seeds-{{first}}-{{last}}"
FIGURES = f"{RESULTS}/figures"
SUFFIXES = (
    "png",
    "pdf",
    "csv",
)  # of a figure: to see, to print, what it shows in numbers
# Chapters of the report, in the order of the talk: it sorts them by name.
TOYS = "1 Toys"
PLANES = "2 Information planes"
BOUNDS = "3 Generalization bounds"
ABLATION = "4 Ablation"
CLAIMS = "5 Claims and comparisons"
BEYOND = "6 Beyond"
BY_DATASET = "{dataset}"
BY_CONDITION = "{dataset} {architecture} {activation} {regularizer}"
OF_THE_STUDY = "all conditions"
FIGURE = f"{FIGURES}/{{dataset}}/{{architecture}}/{{activation}}/{{regularizer}}"


wildcard_constraints:
    dataset=r"[a-z0-9_]+",
    architecture=r"[0-9-]+",
    activation=r"[a-z_]+",
    regularizer=r"[a-z0-9.-]+",
    first=r"\d+",
    last=r"\d+",
    group=r"\d+",
    orderings=r"[a-z0-9-]+",
    comparison=r"[a-z0-9-]+",
    toy=r"[a-z]+",
    part=r"label|input|cost",
    gaps=r"[a-z0-9][a-z0-9.-]*",
    supersample=r"[a-z0-9][a-z0-9.-]*",


@functools.cache
def code(script):
    """SHA-256 over the library modules that a script uses: Snakemake does not see them."""
    return provenance.code_hash(SCRIPTS / script, SOURCE)


def condition_of(wildcards):
    return Condition(
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
    noise = config["bounds"]["gaps"][name]["label_noise"]
    n_seeds = config["bounds"]["seeds"]
    return described_bounds(name, STUDY.gap_condition(name), noise, n_seeds)


def described_supersample(name):
    """What is trained on halves of pools as it is written into files."""
    chosen = config["bounds"]["supersample"][name]
    noise, n_seeds = chosen["label_noise"], chosen["masks"]
    return described_bounds(name, STUDY.supersample_condition(name), noise, n_seeds)


def described_bounds(name, condition, label_noise, n_seeds):
    """A named condition of bounds as it is written into files."""
    return {
        "study": STUDY.name,
        "name": name,
        **vars(condition),
        "label_noise": label_noise,
        "seeds": list(range(n_seeds)),
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
    """PNG, PDF and CSV of the conditions' own figures."""
    return [
        f"{FIGURES}/{condition.path}/{figure}.{suffix}"
        for condition in conditions
        for figure in figures_of(condition)
        for suffix in SUFFIXES
    ]


def of_comparison(wildcards, name):
    """A file of each condition of a comparison."""
    compared = STUDY.comparison_settings(wildcards.comparison)["conditions"]
    return [f"{RESULTS}/{'/'.join(condition)}/{name}" for condition in compared]


def comparison_files(dataset=""):
    """PNG, PDF and CSV of the comparisons (of one data set)."""
    return [
        f"{FIGURES}/comparison-{name}.{suffix}"
        for name, comparison in config["comparisons"].items()
        if dataset in ("", comparison["dataset"])
        for suffix in SUFFIXES
    ]


def toy_files():
    """Figures of all toys."""
    return [
        f"{FIGURES}/toys/{name}-{figure}"
        for kind, names, suffixes in (
            ("logistic", STUDY.toys(), SUFFIXES),
            ("network", STUDY.toys(network=True), (*SUFFIXES, "gif")),
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
        for suffix in SUFFIXES
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
    return [f"{FIGURES}/{name}.{suffix}" for name in figures for suffix in SUFFIXES]


def gap_files():
    """Gaps and bounds of all their conditions."""
    return [f"{RESULTS}/bounds/{name}/bounds.nc" for name in STUDY.gaps]


def supersample_files():
    """Supersamples of all their conditions."""
    return [
        f"{RESULTS}/bounds/supersample/{name}/supersample.nc"
        for name in STUDY.supersamples
    ]


def bound_files():
    """Figures of bounds."""
    figures = [
        *(["bounds-error", "bounds-cross-entropy"] if STUDY.gaps else []),
        *(["bounds-supersample"] if STUDY.supersamples else []),
    ]
    return [f"{FIGURES}/{name}.{suffix}" for name in figures for suffix in SUFFIXES]


def bound_tables():
    """The table of bounds, if there are any, as a page too."""
    if not (STUDY.gaps or STUDY.supersamples):
        return []
    return [f"{RESULTS}/bounds.{suffix}" for suffix in ("csv", "html")]


def study_tables():
    """Tables of the whole study, as pages too."""
    names = [
        *(["readings", "claims"] if STUDY.ablated else []),
        *(["compression", "plane-gap"] if STUDY.with_planes else []),
    ]
    return [
        *(f"{RESULTS}/{name}.{suffix}" for name in names for suffix in ("csv", "html")),
        *bound_tables(),
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
    """What was made, where, and how long it took."""
    figures = [
        *(*toy_files(), *calibration_files(), *plane_files(), *bound_files()),
        *(*figure_files(STUDY.conditions), *comparison_files()),
    ]
    made = [path for path in figures if path.endswith(".png") and Path(path).exists()]
    tables = [path for path in study_tables() if Path(path).exists()]
    print(
        f"\nDone in {elapsed()}. Figures (each as PDF too, its numbers as CSV) and tables:"
    )
    shown = made if len(made) <= MANY else [f"{len(made)} figures under {FIGURES}/"]
    for path in [*shown, *tables]:
        print(f"  {path}")
    print(
        f"As one page: the same command with --report {RESULTS}/report.html --quiet all\n"
        f"Time and memory of jobs: logs/benchmarks/{RESULTS}/"
    )


def print_failures(logs):
    """Which jobs failed and where their logs are, from Snakemake's own logs."""
    text = "".join(Path(path).read_text() for path in logs)
    failed = {}
    for rule, block in re.findall(r"Error in \S+ (\w+):\n((?: {4}.*\n)+)", text):
        said = dict(
            re.findall(r"^ {4}(output|log): (.*?)(?: \(.*\))?$", block, re.MULTILINE)
        )
        # A job that was tried again may have succeeded since.
        if not all(map(os.path.exists, said.get("output", "-").split(", "))):
            failed[f"{rule}: {said.get('log', 'no log')}"] = None
    print(f"\nNot complete after {elapsed()}. What failed, and the log to read:")
    for line in failed or logs:
        print(f"  {line}")
    print("Finished results stay: mend the cause and give the same command again.")


def elapsed():
    """Time since Snakemake began, in words."""
    minutes, seconds = divmod(round(time.monotonic() - STARTED), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {seconds} s"


def figure_labels(figure):
    """Columns of the report's tables: what is drawn of which condition.

    Of a column with two values (but the first) Snakemake's report makes a switch, and a page that
    stays blank if not every row has both: so a condition is one column, and chapters in which
    conditions have different figures have a folder a condition.
    """
    return {"figure": figure, "condition": BY_CONDITION}
