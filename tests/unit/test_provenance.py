"""A result depends on the library modules that its script uses, and on no others."""

import ast
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from neuroninfo.provenance import Library

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "src"

LIBRARY = {
    "__init__.py": "VERSION = '1'\nTYPED: int = 2\nfrom math import pi as circle\n",
    "base.py": "import json\nvalue = 1\n",
    "direct.py": "from neuroninfo.base import value\ndef name(): ...\n",
    "further.py": "import neuroninfo.direct\n",
    "lonely.py": "import numpy\n",
    "circle_a.py": "from neuroninfo import circle_b\n",
    "circle_b.py": "from neuroninfo import circle_a\n",
    "late.py": "def f():\n    from neuroninfo import base\n    return base\n",
    "part/__init__.py": "def made(): ...\n",
    "part/leaf.py": "from neuroninfo import lonely\n",
    "part/twig.py": "from .leaf import lonely\n",
    "part/bough.py": "from . import made, leaf\nfrom .. import base\n",
    "part/root.py": "from ..base import value\nfrom ..part.leaf import lonely\n",
    "full/__init__.py": "from neuroninfo.full.inner import thing\n",
    "full/inner.py": "from neuroninfo import base\nthing = base\n",
}


@pytest.fixture
def library(tmp_path: Path) -> Path:
    for name, text in LIBRARY.items():
        file = tmp_path / "src" / "neuroninfo" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return tmp_path / "src"


def script(library: Path, text: str) -> Path:
    file = library.parent / "script.py"
    file.write_text(text)
    return file


def used(library: Path, text: str) -> set[str]:
    """Modules that a script of that text uses, beside the package itself."""
    files = Library(library).modules(script(library, text))
    assert files == sorted(set(files))
    names = [file.relative_to(library / "neuroninfo").as_posix() for file in files]
    return set(names)


INIT = "__init__.py"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("import json\nfrom pathlib import Path\n", set()),
        ("import neuroninformatics\nfrom neuroninfo_more import base\n", set()),
        ("from . import base\nfrom .direct import name\n", set()),  # relative to the script
        ("# import neuroninfo.base\n'import neuroninfo.base'\n", set()),
        ("import neuroninfo\n", {INIT}),
        ("from neuroninfo import VERSION, TYPED, circle\n", {INIT}),
        ("import neuroninfo.base\n", {INIT, "base.py"}),
        ("import json, neuroninfo.base as b\n", {INIT, "base.py"}),
        ("from neuroninfo import base\n", {INIT, "base.py"}),
        ("from neuroninfo import base as b, lonely\n", {INIT, "base.py", "lonely.py"}),
        ("from neuroninfo.base import value\n", {INIT, "base.py"}),
        ("from neuroninfo.base import value as v\n", {INIT, "base.py"}),
        ("from neuroninfo.base import *\n", {INIT, "base.py"}),
        # indirect
        ("from neuroninfo.direct import name\n", {INIT, "direct.py", "base.py"}),
        ("from neuroninfo import further\n", {INIT, "further.py", "direct.py", "base.py"}),
        ("import neuroninfo.circle_a\n", {INIT, "circle_a.py", "circle_b.py"}),
        ("from neuroninfo import late\n", {INIT, "late.py", "base.py"}),
        # not at the top
        ("def f():\n    from neuroninfo import base\n", {INIT, "base.py"}),
        ("try:\n    import neuroninfo.base\nexcept ImportError:\n    pass\n", {INIT, "base.py"}),
        (
            "try:\n    pass\nexcept OSError:\n    import neuroninfo.base\n"
            "finally:\n    import neuroninfo.lonely\n",
            {INIT, "base.py", "lonely.py"},
        ),
        (
            "if 1:\n    pass\nelif 2:\n    import neuroninfo.base\nelse:\n"
            "    import neuroninfo.lonely\n",
            {INIT, "base.py", "lonely.py"},
        ),
        (
            "match 1:\n    case 1:\n        import neuroninfo.base\n"
            "for _ in ():\n    pass\nelse:\n    import neuroninfo.lonely\n",
            {INIT, "base.py", "lonely.py"},
        ),
        (
            "class C:\n    async def f(self):\n        async with self:\n"
            "            import neuroninfo.base\n",
            {INIT, "base.py"},
        ),
        # subpackages
        ("from neuroninfo import part\n", {INIT, "part/__init__.py"}),
        ("from neuroninfo.part import made\n", {INIT, "part/__init__.py"}),
        (
            "from neuroninfo.part import leaf\n",
            {INIT, "part/__init__.py", "part/leaf.py", "lonely.py"},
        ),
        (
            "from neuroninfo.part.leaf import lonely\n",
            {INIT, "part/__init__.py", "part/leaf.py", "lonely.py"},
        ),
        (
            "import neuroninfo.part.leaf\n",
            {INIT, "part/__init__.py", "part/leaf.py", "lonely.py"},
        ),
        (
            "from neuroninfo import full\n",
            {INIT, "full/__init__.py", "full/inner.py", "base.py"},
        ),
        # relative imports in the library
        (
            "from neuroninfo.part import twig\n",
            {INIT, "part/__init__.py", "part/twig.py", "part/leaf.py", "lonely.py"},
        ),
        (
            "from neuroninfo.part import bough\n",
            {INIT, "part/__init__.py", "part/bough.py", "part/leaf.py", "lonely.py", "base.py"},
        ),
        (
            "from neuroninfo.part import root\n",
            {INIT, "part/__init__.py", "part/root.py", "part/leaf.py", "lonely.py", "base.py"},
        ),
    ],
)
def test_modules_are_found_by_parsing_imports(library: Path, text: str, expected: set[str]) -> None:
    assert used(library, text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "import neuroninfo.nothing\n",
        "from neuroninfo import nothing\n",
        "from neuroninfo import base, nothing\n",
        "from neuroninfo.nothing import value\n",
        "from neuroninfo.part import nothing\n",
        "from neuroninfo import pi\n",  # the package knows it as `circle`
    ],
)
def test_a_module_that_does_not_exist_is_named(library: Path, text: str) -> None:
    with pytest.raises(FileNotFoundError, match=r"neuroninfo\.\S*(nothing|pi)\b.*no such module"):
        Library(library).modules(script(library, text))


def test_a_module_that_the_library_lacks_is_named(library: Path) -> None:
    (library / "neuroninfo" / "base.py").unlink()
    with pytest.raises(FileNotFoundError, match=r"neuroninfo\.base: no such module"):
        Library(library).code_hash(script(library, "from neuroninfo import further\n"))


def test_what_an_older_commit_left_is_no_module(library: Path) -> None:
    """Git leaves the folder of a package that it removes where there is a __pycache__ in it."""
    for name in ("base", "gone"):
        (library / "neuroninfo" / name / "__pycache__").mkdir(parents=True)
    assert used(library, "from neuroninfo import base\n") == {INIT, "base.py"}
    with pytest.raises(FileNotFoundError, match=r"neuroninfo\.gone: no such module"):
        used(library, "from neuroninfo import gone\n")


@pytest.mark.parametrize(
    ("changed", "matters"),
    [
        ("further.py", True),
        ("direct.py", True),
        ("base.py", True),
        ("__init__.py", True),
        ("lonely.py", False),
        ("part/__init__.py", False),
        ("part/leaf.py", False),
    ],
)
def test_the_hash_changes_with_the_modules_used(library: Path, changed: str, matters: bool) -> None:
    name = script(library, "from neuroninfo import further\n")
    before = Library(library).code_hash(name)
    file = library / "neuroninfo" / changed
    file.write_text(file.read_text() + "# more\n")
    assert (Library(library).code_hash(name) != before) == matters
    file.write_text(LIBRARY[changed])
    assert Library(library).code_hash(name) == before


def test_the_hash_is_of_the_library_not_of_the_script_or_the_place(
    library: Path, tmp_path: Path
) -> None:
    before = Library(library).code_hash(script(library, "from neuroninfo import further\n"))
    assert len(bytes.fromhex(before)) == 32
    # Snakemake sees the script itself.
    other = script(library, "import neuroninfo.further  # the same\n")
    assert Library(library).code_hash(other) == before
    moved = shutil.copytree(library, tmp_path / "elsewhere" / "lib")
    assert Library(str(moved)).code_hash(str(other)) == before


def test_the_hash_is_of_names_and_of_what_is_in_which(library: Path) -> None:
    package = library / "neuroninfo"
    name = script(library, "from neuroninfo import base, lonely\n")
    before = Library(library).code_hash(name)
    base, lonely = (package / "base.py").read_text(), (package / "lonely.py").read_text()
    (package / "base.py").write_text(lonely)
    (package / "lonely.py").write_text(base)
    swapped = Library(library).code_hash(name)
    (package / "base.py").write_text(base + lonely)
    (package / "lonely.py").write_text("")
    joined = Library(library).code_hash(name)
    assert len({before, swapped, joined}) == 3


def test_the_same_text_in_another_package_is_another_module(library: Path) -> None:
    shutil.copytree(library / "neuroninfo" / "part", library / "neuroninfo" / "parts")
    hashes = {
        Library(library).code_hash(script(library, f"import neuroninfo.{place}.leaf\n"))
        for place in ("part", "parts")
    }
    assert len(hashes) == 2


def test_files_are_read_once(library: Path) -> None:
    """A run plans with the library as it is at its start."""
    read, name = Library(library), script(library, "from neuroninfo import further\n")
    before = read.code_hash(name)
    shutil.rmtree(library)
    assert read.code_hash(name) == before


def test_a_script_that_uses_nothing_has_a_hash(library: Path) -> None:
    none = Library(library).code_hash(script(library, "import json\n"))
    assert none != Library(library).code_hash(script(library, "import neuroninfo\n"))


# --- the library itself

SCRIPTS = ROOT / "workflow" / "scripts"
OURS = Library(SOURCE)
MEASURING = {
    "files.seeds",
    "files.storage",
    "networks.activations",
    "networks.stack",
    "neurons.counting",
    "neurons.measures",
    "neurons.quantization",
    "neurons.sensitivity",
    "neurons.settings",
    "streams",
    "vocabulary",
}
# Rooms and modules that word or draw results.
WORDING = ("results", "figures", "report", "files.tables", "files.pages")
EXPENSIVE = (
    *(
        "dataset",
        "train",
        "train_bundle",
        "unbundle",
        "measure",
        "damage",
        "rank",
        "ablate",
        "gather",
        "gather_ablation",
    ),
    *("plane", "join_plane", "calibration", "bounds", "supersample", "prune", "low_bit"),
    *("toy", "toy_network", "decompose", "ablate_classes", "constants", "train_convolutional"),
    *("robustness", "measure_convolutional", "damage_convolutional", "ablate_convolutional"),
)


def imported(script: Path) -> dict[str, Path]:
    """Dotted names below the package, without the packages' empty ``__init__``, and files."""
    package = SOURCE / "neuroninfo"
    return {
        ".".join(file.relative_to(package).with_suffix("").parts): file
        for file in OURS.modules(script)
        if file.name != INIT
    }


def test_measuring_is_found_to_need_no_training(tmp_path: Path) -> None:
    probe = tmp_path / "probe.py"
    probe.write_text("from neuroninfo.neurons import measures\n")
    for name in (probe, SCRIPTS / "measure.py"):
        assert set(imported(name)) == MEASURING


def test_a_change_of_training_does_not_measure_again(tmp_path: Path) -> None:
    library = tmp_path / "src"
    shutil.copytree(SOURCE, library, ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
    measure = SCRIPTS / "measure.py"
    before = Library(library).code_hash(measure)
    assert before == OURS.code_hash(measure)
    for module, matters in {
        "training/loop": False,
        "networks/forward": False,
        "streams": True,
    }.items():
        file = library / "neuroninfo" / f"{module}.py"
        file.write_text(file.read_text(encoding="utf-8") + "# more\n", encoding="utf-8")
        assert (Library(library).code_hash(measure) != before) == matters


def test_what_is_parsed_is_what_python_imports() -> None:
    code = (
        "import json, sys; from neuroninfo.neurons import measures;"
        "print(json.dumps([n for n in sys.modules if n.split('.')[0] in ('neuroninfo', 'torch')]))"
    )
    process = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path.insert(0, {str(SOURCE)!r}); {code}"],
        capture_output=True,
        text=True,
        check=True,
    )
    names = {name.removeprefix("neuroninfo.") for name in json.loads(process.stdout)}
    assert names - {"neuroninfo", "files", "networks", "neurons"} == MEASURING


@pytest.mark.parametrize("name", sorted(file.name for file in SCRIPTS.glob("*.py")))
def test_every_script_of_the_workflow_has_a_hash(name: str) -> None:
    assert "files.storage" in imported(SCRIPTS / name)


def importers(modules: dict[str, Path], wanted: str) -> list[str]:
    """Modules that import another one directly, for the message."""
    return [name for name, file in modules.items() if modules[wanted] in OURS.imported(file)]


@pytest.mark.parametrize("name", EXPENSIVE)
def test_no_expensive_script_depends_on_wording(name: str) -> None:
    """Else a change of a table's words would train, measure or ablate again."""
    modules = imported(SCRIPTS / f"{name}.py")
    edges = [
        f"{' and '.join(importers(modules, module)) or name} imports {module}"
        for module in modules
        if module.startswith(tuple(f"{room}." for room in WORDING)) or module in WORDING
    ]
    assert not edges, "; ".join(edges)


@pytest.mark.parametrize(
    "name",
    sorted(file.stem for file in SCRIPTS.glob("*.py") if "figures.canvas" in imported(file)),
)
def test_no_figure_loads_torch(name: str) -> None:
    """Loading it takes longer than drawing does."""
    loading = [
        module
        for module, file in {
            name: SCRIPTS / f"{name}.py",
            **imported(SCRIPTS / f"{name}.py"),
        }.items()
        if any(
            node.module == "torch" or str(node.module).startswith("torch.")
            if isinstance(node, ast.ImportFrom)
            else any(alias.name.partition(".")[0] == "torch" for alias in node.names)
            for node in ast.parse(file.read_text(encoding="utf-8")).body
            if isinstance(node, ast.Import | ast.ImportFrom)
        )
    ]
    assert not loading


# Rooms that the code of rules is in, beside those that nearly all stand on: vocabulary, streams,
# files, networks and neurons.
ROOMS_OF = {
    rule: set(rooms.split())
    for rules, rooms in (
        ("dataset", "data"),
        ("train train_bundle", "data training"),
        ("measure gather gather_ablation unbundle", ""),
        ("damage rank ablate_classes constants", "ablation data"),
        ("ablate", "ablation data training"),
        ("plane", "data planes synergy training"),
        ("join_plane calibration", "planes training"),
        ("bounds", "data generalization planes training"),
        ("supersample", "data generalization training"),
        ("prune", "ablation data smaller training"),
        ("low_bit", "ablation data smaller training"),
        ("decompose", "ablation data synergy"),
        ("robustness", "data robustness"),
        ("train_convolutional", "convolutional data own_network training"),
        ("measure_convolutional", "convolutional own_network"),
        ("damage_convolutional ablate_convolutional", "ablation convolutional data own_network"),
        ("toy", "toys"),
        ("toy_network", "data toys training"),
        ("readings", "results"),
        ("study_readings replication splits study_classes", "figures results"),
        ("first_version", "configuration figures results"),
        ("figure_first_version", "configuration figures results"),
        ("figure_ablation", "figures results"),
        ("figure_comparison figure_replication", "figures results"),
        ("figure_ranking figure_quantizers figure_tolerances", "figures results"),
        ("figure_where_claims_hold figure_layer_share figure_splits", "figures results"),
        ("figure_replacement figure_pruning figure_precision", "figures results"),
        ("figure_classes", "figures results"),
        ("figure_synergy study_synergy needed_pairs", "figures results synergy"),
        ("figure_synergy_training", "figures planes results synergy"),
        ("study_ablation_gap study_robustness", "figures results synergy"),
        ("figure_planes figure_calibration", "figures planes results"),
        ("figure_planes_activations study_planes", "figures planes results"),
        ("study_compression_gap", "figures planes results"),
        ("figure_plane figure_plane_activations", "figures planes results"),
        ("study_bounds", "figures generalization results"),
        ("figure_toys", "figures results toys"),
        ("start", "figures report results"),
        ("explorer", "figures planes report results"),
    )
    for rule in rules.split()
}


def test_the_rooms_of_every_rule_are_known() -> None:
    assert set(ROOMS_OF) == {script.stem for script in SCRIPTS.glob("*.py")}


@pytest.mark.parametrize("room", sorted(set().union(*ROOMS_OF.values())))
def test_a_change_in_a_room_changes_the_hash_of_the_rules_that_use_it(
    tmp_path: Path, room: str
) -> None:
    library = tmp_path / "src"
    shutil.copytree(SOURCE, library, ignore=shutil.ignore_patterns("__pycache__"))
    for file in (library / "neuroninfo" / room).rglob("*.py"):
        file.write_text(file.read_text(encoding="utf-8") + "# A change.\n", encoding="utf-8")
    after = Library(library)
    changed = {
        name
        for name in ROOMS_OF
        if after.code_hash(SCRIPTS / f"{name}.py") != OURS.code_hash(SCRIPTS / f"{name}.py")
    }
    assert changed == {name for name, rooms in ROOMS_OF.items() if room in rooms}


TRAINING = {"train", "train_bundle", "plane", "bounds", "supersample", "prune", "toy_network"}
CONVOLUTIONAL = {f"{rule}_convolutional" for rule in ("train", "measure", "damage", "ablate")}
ABLATING = {
    *("damage", "rank", "ablate", "ablate_classes", "constants", "low_bit", "decompose"),
    *("damage_convolutional", "ablate_convolutional"),
}
OF_CLAIMS = {
    *("readings", "study_readings", "replication", "figure_comparison"),
    *("figure_quantizers", "figure_replication", "figure_tolerances", "figure_layer_share"),
    *("figure_where_claims_hold", "splits", "figure_splits", "start", "explorer"),
}
OF_SYNERGY = {
    *("study_synergy", "figure_synergy", "figure_synergy_training", "needed_pairs"),
    *("study_ablation_gap", "study_robustness"),
}
# A module, and the rules whose scripts use it, directly or not.
USERS = {
    "data.datasets": TRAINING | ABLATING | {"dataset", "train_convolutional", "robustness"},
    "data.subsets": {"bounds", "supersample"},
    "networks.forward": TRAINING | ABLATING | {"train_convolutional", "robustness"},
    "files.checkpoints": TRAINING | {"train_convolutional"},
    "training.loop": TRAINING | {"train_convolutional"},
    "training.learner": TRAINING | {"train_convolutional"},
    "training.devices": TRAINING | {"train_convolutional", "ablate"},
    "ablation.kernels": ABLATING,
    "ablation.single": {"damage", "rank", "damage_convolutional", "ablate_convolutional"},
    "ablation.joint": {"rank"},
    "ablation.ablate": {"ablate"},
    "ablation.blocked": ABLATING,
    "convolutional.training": {"train_convolutional"},
    "convolutional.measuring": {"measure_convolutional"},
    "convolutional.ablation": {"damage_convolutional", "ablate_convolutional"},
    "own_network.layers": CONVOLUTIONAL,
    "own_network.removal": {"damage_convolutional", "ablate_convolutional"},
    "planes.training": {"plane"},
    "planes.estimators.binning": {"plane", "calibration", "bounds"},
    "planes.calibration": {"plane", "calibration", "figure_calibration"},
    "generalization.gaps": {"bounds"},
    "generalization.supersample": {"supersample"},
    "smaller.pruning": {"prune"},
    "smaller.magnitude": {"prune"},
    "smaller.low_bit": {"low_bit"},
    "toys.logistic": {"toy", "figure_toys"},
    "toys.networks": {"toy_network"},
    "results.bounds": {"study_bounds"},
    "generalization.tighter": {"study_bounds"},
    "results.tighter": {"study_bounds"},
    "results.counts": {"figure_ablation"} | OF_SYNERGY | OF_CLAIMS,
    "results.claims": OF_CLAIMS,
    "results.tolerances": {"figure_tolerances"},
    "results.first_version": {"first_version", "figure_first_version"},
    "results.simpson": {"readings", "figure_ablation"},
    "results.pruning": {"figure_pruning"},
    "results.low_bit": {"figure_precision"},
    "synergy.pairs": {"decompose", "plane"},
    "ablation.classes": {"ablate_classes"},
    "ablation.constants": {"constants"},
    "ablation.resampled": {"ablate"},
    "results.classes": {"study_classes", "figure_classes"},
    "results.needed_pairs": OF_SYNERGY,
    "results.synergy": OF_SYNERGY,
    "results.correlations": {
        *("study_ablation_gap", "study_robustness", "study_compression_gap"),
    },
    "results.compression_gap": {"study_compression_gap"},
    "results.ablation_gap": {"study_ablation_gap"},
    "results.robustness": {"study_robustness"},
    "robustness.corruptions": {"robustness"},
    "results.replication": {"replication", "figure_replication"},
    "results.splits": {"splits", "figure_splits"},
    "figures.ablation": {"figure_ablation"},
    "figures.animation": {
        *("figure_toys", "figure_planes", "figure_plane", "study_planes"),
        *("figure_planes_activations", "figure_plane_activations"),
    },
    "figures.bounds": {"study_bounds"},
    "figures.information": {"figure_ablation", "figure_layer_share"},
    "figures.sweep": {"figure_where_claims_hold"},
    "report.start": {"start"},
    "report.contents": {"explorer"},
}


@pytest.mark.parametrize("module", USERS)
def test_the_rules_that_use_a_module(module: str) -> None:
    """A change of it reruns these; tests/workflow/test_run.py lets Snakemake say so of two."""
    users = {script.stem for script in SCRIPTS.glob("*.py") if module in imported(script)}
    assert users == USERS[module]


@pytest.mark.parametrize(
    ("module", "old", "new"),
    [
        ("results/bounds.py", '["loss", "bound", "estimator"', '["bound", "loss", "estimator"'),
        ("files/pages.py", "font: 14px", "font: 15px"),
        ("results/claims.py", "_SELECTIVITY: Final = 0.1", "_SELECTIVITY: Final = 0.2"),
    ],
    ids=["sort order of a table", "font of a page", "threshold of a claim"],
)
def test_edits_of_wording_change_no_expensive_hash(
    tmp_path: Path, module: str, old: str, new: str
) -> None:
    library = tmp_path / "src"
    shutil.copytree(SOURCE, library, ignore=shutil.ignore_patterns("__pycache__"))
    file = library / "neuroninfo" / module
    text = file.read_text(encoding="utf-8")
    assert text.count(old) == 1
    file.write_text(text.replace(old, new), encoding="utf-8")
    after = Library(library)
    changed = {
        script.stem
        for script in SCRIPTS.glob("*.py")
        if after.code_hash(script) != OURS.code_hash(script)
    }
    assert changed
    assert not changed & set(EXPENSIVE)


ROOMS = (
    *("vocabulary", "streams", "philox", "provenance", "files", "networks", "data"),
    *("configuration", "training", "neurons", "ablation", "synergy", "planes", "generalization"),
    *("smaller", "robustness", "toys", "results", "figures", "report", "own_network"),
    *("convolutional", "plot"),
)
"""Each knows only rooms before it."""


def test_no_room_imports_upward_and_no_module_in_a_circle() -> None:
    package = SOURCE / "neuroninfo"
    edges = {
        file: {other for other in OURS.imported(file) if other.name != INIT}
        for file in package.rglob("*.py")
        if file.name != INIT
    }

    def room(file: Path) -> int:
        return ROOMS.index(file.relative_to(package).with_suffix("").parts[0])

    upward = [
        f"{file.relative_to(package)} imports {other.relative_to(package)}"
        for file, others in edges.items()
        for other in others
        if room(other) > room(file)
    ]
    assert not upward, upward
    while ready := [file for file, others in edges.items() if not others & edges.keys()]:
        for file in ready:
            del edges[file]
    assert not edges, f"in circles: {sorted(map(str, edges))}"


def test_no_import_is_overlooked() -> None:
    """The whole of every file, against what is read as far as the last import."""
    for file in [*SCRIPTS.glob("*.py"), *(SOURCE / "neuroninfo").rglob("*.py")]:
        tree = ast.parse(file.read_text(encoding="utf-8"))
        names = {
            name
            for node in ast.walk(tree)
            if isinstance(node, ast.Import | ast.ImportFrom)
            for alias in node.names
            for name in (
                [alias.name]
                if isinstance(node, ast.Import)
                else [str(node.module), f"{node.module}.{alias.name}"]
            )
        }
        assert OURS._names(file) == names


def test_packages_are_empty() -> None:
    """So that importing a module runs, and hashes, no other."""
    package = SOURCE / "neuroninfo"
    full = [file for file in package.rglob(INIT) if file.parent != package and file.read_text()]
    assert not full
