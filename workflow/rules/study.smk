"""The study from the configuration: its paths, and the functions that several chapters use."""

import functools
import os
import re

# Where this file is, and not the workflow that uses this one as a module.
PROJECT = Path(workflow.current_basedir.path).resolve().parents[1]
SOURCE = PROJECT / "src"
SCRIPTS = PROJECT / "workflow" / "scripts"
sys.path.insert(0, str(SOURCE))

from neuroninfo.configuration.bundles import bundles
from neuroninfo.configuration import documents
from neuroninfo.configuration import study as configuration
from neuroninfo.configuration.cost import minutes, stages
from neuroninfo.configuration.messages import ConfigurationError
from neuroninfo.configuration.memory import needed
from neuroninfo.configuration.plans import Condition
from neuroninfo.configuration.sizes import sizes
from neuroninfo.provenance import Library

# Without a home folder, Matplotlib would look for all fonts again in every job.
if not os.access(os.path.expanduser("~"), os.W_OK):
    fonts = Path.cwd() / ".snakemake" / "matplotlib"
    os.environ.setdefault("MPLCONFIGDIR", str(fonts))

WRITTEN = [path for path in workflow.configfiles if Path(path).is_file()]
try:
    documents.check_yaml(WRITTEN)
    STUDY = configuration.load(
        config, PROJECT / "workflow" / "schemas" / "config.schema.yaml"
    )
except ConfigurationError as error:
    raise WorkflowError(f"configuration: {documents.placed(error, WRITTEN)}") from None
config.update(STUDY.resolved)  # scripts see the defaults too

LIBRARY = Library(SOURCE)

RESULTS = f"results/{STUDY.name}"
CONDITION = f"{RESULTS}/{{dataset}}/{{architecture}}/{{activation}}/{{regularizer}}"
BLOCK = f"{CONDITION}/seeds-{{first}}-{{last}}"
GATHERED = (
    # beside curves
    "neurons|history|damage|pruned|precision|plane|synergy|classes|robustness"
)
# Architectures of multilayer perceptrons, and of convolutional networks.
PERCEPTRON, CONVOLUTIONAL = r"[0-9-]+", r"[a-z]+-[0-9-]+"
CHECKPOINTS = f"{RESULTS}/checkpoints"
FIGURES = f"{RESULTS}/figures"
FIGURE = f"{FIGURES}/{{dataset}}/{{architecture}}/{{activation}}/{{regularizer}}"
SUFFIXES = (
    "png",
    "pdf",
    "csv",
)  # of a figure: to see, to print, what it shows in numbers
# Priority of the jobs that others wait for, so that the longest chain of jobs begins first.
AWAITED = 1
# Chapters of the report, in the order of the talk: it sorts them by name.
OVERVIEW = "0 Results"
TOYS = "1 Toys"
PLANES = "2 Information planes"
BOUNDS = "3 Generalization bounds"
ABLATION = "4 Ablation"
CLAIMS = "5 Claims and comparisons"
BEYOND = "6 Beyond"
SYNERGY = "7 Redundancy and synergy"
NEWER = "8 Newer questions"
BY_DATASET = "{dataset}"
BY_CONDITION = "{dataset} {architecture} {activation} {regularizer}"
OF_THE_STUDY = "all conditions"

# What the study has to show, to which every chapter adds: names of each condition's own figures,
# and files of all others.
OWN_FIGURES = {condition: [] for condition in STUDY.conditions}
STUDY_FIGURES = []
STUDY_TABLES = []
# Conditions whose ablation is drawn.
DRAWN = [c for c, plan in STUDY.plans.items() if plan.figures and plan.orderings]

# Conditions that train together: `bundles` in the configuration.
BUNDLES = bundles(STUDY)
BUNDLE_OF = {
    (condition, bundle.block): bundle
    for bundle in BUNDLES.values()
    for condition in bundle.conditions
}
BUNDLED = {condition for condition, _ in BUNDLE_OF}
BUNDLE = f"{RESULTS}/bundles/{{bundle}}"


wildcard_constraints:
    dataset=r"[a-z0-9_-]+",
    architecture=r"[a-z0-9-]+",
    activation=r"[a-z_]+",
    regularizer=r"[a-z0-9.-]+",
    first=r"\d+",
    last=r"\d+",
    group=r"\d+",
    estimator=r"[a-z0-9.-]+",
    orderings=r"[a-z0-9-]+",
    comparison=r"[a-z0-9-]+",
    toy=r"[a-z]+",
    bundle=r"[a-z0-9_-]+",
    gaps=r"[a-z0-9][a-z0-9.-]*",
    supersample=r"[a-z0-9][a-z0-9.-]*",


@functools.cache
def code(script):
    """SHA-256 over the library modules that a script uses: Snakemake does not see them."""
    return LIBRARY.code_hash(SCRIPTS / script)


def condition_of(wildcards):
    return Condition(
        wildcards.dataset,
        wildcards.architecture,
        wildcards.activation,
        wildcards.regularizer,
    )


def described(wildcards):
    """The condition as it is written into files."""
    return {"study": STUDY.name, **vars(condition_of(wildcards))}


def block_of(wildcards):
    """The condition and the seeds of one block as they are written into files."""
    return described(wildcards) | {
        "seeds": list(range(int(wildcards.first), int(wildcards.last) + 1))
    }


def seeds_of(wildcards):
    """The condition and all its seeds (or those of a section) as they are written into files."""
    numbers = STUDY.seed_numbers(
        condition_of(wildcards), *section_of(name_of(wildcards))
    )
    return described(wildcards) | {"seeds": numbers}


def name_of(wildcards):
    """The file that blocks have and that a job is about; nothing if it is about all of them."""
    if wildcards.get("orderings"):
        return f"ablation-{wildcards.orderings}.nc"
    return f"{wildcards.kind}.nc" if wildcards.get("kind") else ""


def section_of(name):
    """The section of the configuration that says for how many seeds a file is made."""
    if name.startswith("ablation-"):
        return ("orderings", name.removeprefix("ablation-").removesuffix(".nc"))
    experiment = {
        "pruned.nc": "pruning",
        "precision.nc": "precision",
        "plane.nc": "planes",
        "synergy.nc": "synergy",
        "classes.nc": "classes",
        "robustness.nc": "robustness",
    }
    return (experiment[name],) if name in experiment else ()


def of_blocks(wildcards):
    """The file that a job puts together, of every block of a condition."""
    condition, name = condition_of(wildcards), name_of(wildcards)
    return [
        block_file(condition, block, name)
        for block in STUDY.blocks(condition, *section_of(name))
    ]


def block_file(condition, block, name):
    """A file of a block of seeds, given by its first and its last one."""
    return f"{RESULTS}/{condition.path}/seeds-{block[0]}-{block[1]}/{name}"


def file_of(condition, name):
    """The file of that name of all seeds of a condition.

    What blocks of seeds have is put together, but for a single one: its file is the condition's.
    """
    if re.fullmatch(rf"({GATHERED}|ablation-.*)\.nc", name):
        blocks = STUDY.blocks(condition, *section_of(name))
        if len(blocks) == 1:
            return block_file(condition, blocks[0], name)
    return f"{RESULTS}/{condition.path}/{name}"


def of_condition(name):
    """The same of the condition that a job is of."""
    return lambda wildcards: file_of(condition_of(wildcards), name.format(**wildcards))


def of_conditions(name, conditions):
    """The same of each condition."""
    return [file_of(condition, name) for condition in conditions]


def searched_orders(wildcards, orderings):
    """The file of orders that have to be searched for, if a set has any."""
    if not STUDY.searched(orderings):
        return {}
    return {"orders": f"{BLOCK}/orders-{orderings}.nc".format(**wildcards)}


def found_constants(wildcards, orderings):
    """The file of constants that have to be found, if a set ablates to any."""
    if not STUDY.found_constants(orderings):
        return {}
    return {"constants": f"{BLOCK}/constants.nc".format(**wildcards)}


def first_ablation_of(condition):
    """The curves that give a condition's claims and figures: those of its first set."""
    orderings = STUDY.plans[condition].orderings[0]
    return file_of(condition, f"ablation-{orderings}.nc")


def first_ablation(wildcards):
    """The same of the condition that a job is of."""
    return first_ablation_of(condition_of(wildcards))


def all_ablations(wildcards):
    """The curves of all sets of orderings of a condition, the first of which comes first."""
    condition = condition_of(wildcards)
    return [
        file_of(condition, f"ablation-{orderings}.nc")
        for orderings in STUDY.plans[condition].orderings
    ]


def named(conditions):
    """Conditions as parameters."""
    return [list(vars(condition).values()) for condition in conditions]


def growing(start):
    """A resource that doubles with each attempt, of what is submitted to a cluster."""
    return lambda wildcards, attempt: start * 2 ** (attempt - 1)


sizes_of = functools.cache(functools.partial(sizes, STUDY))


def size_of_block(wildcards):
    """How many seeds it has."""
    return int(wildcards.last) - int(wildcards.first) + 1


def needing(stage, condition=condition_of, networks=size_of_block):
    """Memory of a job of a stage by the sizes of its condition; it doubles with each attempt."""

    def memory(wildcards, attempt):
        start = needed(
            stage,
            sizes_of(condition(wildcards)),
            networks(wildcards),
            STUDY.device,
        )
        return start * 2 ** (attempt - 1)

    return memory


def lasting(start):
    """A runtime that doubles with each attempt, up to the longest that a partition allows.

    It starts with minutes, or with those that a function of the wildcards gives.
    """
    longest = config["cluster"].get("longest_minutes", float("inf"))

    def runtime(wildcards, attempt):
        first = start(wildcards) if callable(start) else start
        return min(first * 2 ** (attempt - 1), longest)

    return runtime


stages_of = functools.cache(functools.partial(stages, STUDY))


def estimated(stage, condition=condition_of, networks=size_of_block):
    """Minutes that a job of a stage may take, by the sizes of its condition."""

    def first(wildcards):
        name = stage.format(**wildcards)
        return minutes(stages_of(condition(wildcards))[name], networks(wildcards))

    return first


def figure_files(names, folder=FIGURES):
    """PNG, PDF and CSV of figures."""
    return [f"{folder}/{name}.{suffix}" for name in names for suffix in SUFFIXES]


def own_figure_files(conditions):
    """PNG, PDF and CSV of the conditions' own figures."""
    return [
        path
        for condition in conditions
        for path in figure_files(OWN_FIGURES[condition], f"{FIGURES}/{condition.path}")
    ]


def table_files(names):
    """Tables of the whole study, as pages too."""
    return [
        f"{RESULTS}/{name}.{suffix}" for name in names for suffix in ("csv", "html")
    ]


def figure_labels(figure):
    """Columns of the report's tables: what is drawn of which condition.

    Of a column with two values (but the first) Snakemake's report makes a switch, and a page that
    stays blank if not every row has both: so a condition is one column, and chapters in which
    conditions have different figures have a folder a condition.
    """
    return {"figure": figure, "condition": BY_CONDITION}


def pattern_of(conditions, stay):
    """Pattern of the paths of those conditions whose activations stay, or do not."""
    return "|".join(
        re.escape(condition.path)
        for condition in conditions
        if STUDY.plans[condition].keep_activations == stay
    )


def blocks_of_bundle(wildcards):
    """Conditions with their seeds, as they are written into files."""
    bundle = BUNDLES[wildcards.bundle]
    seeds = list(range(bundle.block[0], bundle.block[1] + 1))
    return [
        {"study": STUDY.name, **vars(condition), "seeds": seeds}
        for condition in bundle.conditions
    ]


def bundle_of(wildcards):
    """The bundle that a block belongs to."""
    block = int(wildcards.first), int(wildcards.last)
    return BUNDLE.format(bundle=BUNDLE_OF[condition_of(wildcards), block].name)


def code_of_bundles(wildcards):
    """A bundle is gone when its files have their places: they know what trained it."""
    return code("train_bundle.py")
