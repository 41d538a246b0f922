"""Figures say in words what they show, and nothing in them hides anything else."""

import re
import subprocess
import sys
from collections.abc import Callable
from itertools import combinations
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection
from matplotlib.figure import Figure
from matplotlib.text import Text

from neuroninfo.figures import ablation, canvas, wording
from neuroninfo.figures import information as figures_information
from tests.unit.pictures import greyscale_tells_what_colours_tell

CONDITION = {
    "study": "probe",
    "dataset": "mnist",
    "architecture": "100-100",
    "activation": "relu",
    "regularizer": "dropout",
}
N_TEST = 1000


def group(
    n: int = 100,
    halves: tuple[float, float, float] = (0.4, 0.8, 0.6),
    *,
    seeds: int = 3,
    highest: float = 0.98,
    quantizers: tuple[str, ...] = ("threshold",),
) -> xr.Dataset:
    """Sigmoid curves that fall at these shares of n: lowest first, highest first, random."""
    k = np.arange(n + 1) / n
    rows = [
        ("mutual_information", quantizer, direction, -1, half)
        for quantizer in quantizers
        for direction, half in zip(("ascending", "descending"), halves, strict=False)
    ] + [("random", "none", "none", repeat, halves[2]) for repeat in range(2)]
    rng = np.random.default_rng(0)
    correct = np.empty((seeds, len(rows), n + 1), dtype=np.int32)
    for seed in range(seeds):
        for position, row in enumerate(rows):
            shape = 1 / (1 + np.exp(12 * (k - row[-1] - rng.normal(0, 0.02))))
            share = (shape - shape[-1]) / (shape[0] - shape[-1]) if n > 1 else 1 - k
            correct[seed, position] = np.round(N_TEST * (0.1 + (highest - 0.1) * share))
    return xr.Dataset(
        {"correct": (("seed", "ordering", "removed"), correct)},
        coords={"seed": np.arange(seeds), "removed": np.arange(n + 1)}
        | {
            name: ("ordering", [row[i] for row in rows])
            for i, name in enumerate(("measure", "quantizer", "direction", "repeat"))
        }
        | {"replacement": ("ordering", ["zero"] * len(rows))}
        | {"control": ("ordering", ["none"] * len(rows))},
        attrs={"n_test": N_TEST, "n_classes": 10, "chance_correct": 114},
    )


def neurons(
    widths: tuple[int, ...] = (40, 30), *, seeds: int = 3, scale: float = 0.1, dead: int = 2
) -> xr.Dataset:
    """Gamma-distributed information; the first `dead` neurons of each seed are never active."""
    n = sum(widths)
    information = np.random.default_rng(0).gamma(4, scale / 4, (seeds, n))
    information[:, :dead] = 0
    state = np.zeros((seeds, n), dtype=np.int8)
    state[:, :dead] = 1
    dims = ("seed", "quantizer", "neuron")
    return xr.Dataset(
        {
            "mutual_information": (dims, information[:, None]),
            "mutual_information_shuffled": (dims, np.full((seeds, 1, n), 0.00065)),
            "state": (("seed", "neuron"), state, {"flag_meanings": "typical never_active"}),
        },
        coords={
            "seed": np.arange(seeds),
            "quantizer": ["threshold"],
            "layer": ("neuron", np.repeat(np.arange(len(widths)) + 1, widths)),
        },
        attrs={"n_examples": 10_000, "n_classes": 10},
    )


def network(data: xr.Dataset, **options: str) -> Figure:
    return ablation.ablation_network(data, CONDITION, **options)


def layers(*data: xr.Dataset, **condition: str) -> Figure:
    groups = {f"layer-{i}": g for i, g in enumerate(data, start=1)} | {"network": group()}
    return ablation.ablation_layers(groups, CONDITION | condition)


def distributions(data: xr.Dataset, **condition: str) -> Figure:
    return figures_information.information(data, CONDITION | condition)


def texts(figure: Figure) -> list[Text]:
    return [t for t in figure.findobj(Text) if t.get_visible() and t.get_text().strip()]


def said(figure: Figure) -> str:
    return "\n".join(t.get_text() for t in figure.texts).replace("\n", " ")


def labels(ax: Axes) -> dict[str, Text]:
    return {t.get_text(): t for t in ax.texts if t.get_text()}


def drawn(ax: Axes, colour: str) -> np.ndarray:
    """(points, 2) the line of a colour that is a result."""
    (line,) = [x for x in ax.lines if x.get_color() == colour and len(x.get_xdata()) > 1]
    return np.column_stack([line.get_xdata(), line.get_ydata()])


CASES: dict[str, Callable[[], Figure]] = {
    "network": lambda: network(group()),
    "network, one seed": lambda: network(group(seeds=1)),
    "no effect": lambda: network(group(halves=(0.5, 0.5, 0.5))),
    "constant": lambda: network(group().pipe(lambda g: g.assign(correct=g["correct"] * 0 + 114))),
    "sandwiched": lambda: layers(group(30, (0.55, 0.45, 0.5)), group(30, (0.95, 0.9, 0.92))),
    "falls at once": lambda: layers(group(halves=(0.1, 0.01, 0.05)), group(halves=(0.05,) * 3)),
    "one neuron": lambda: layers(group(1), group(1, seeds=1)),
    "four layers": lambda: layers(
        *(group(50, highest=0.52) for _ in range(4)), architecture="50-50-50-50", dataset="cifar10"
    ),
    "information": lambda: distributions(neurons()),
    "information, one seed": lambda: distributions(neurons((5, 1), seeds=1)),
    "information, four layers": lambda: distributions(
        neurons((250, 500, 250, 500), seeds=2), architecture="250-500-250-500"
    ),
    "information, one layer": lambda: distributions(neurons((20,)), architecture="20"),
    "information, constant": lambda: distributions(neurons(scale=1e-300, dead=0)),
    "information, none": lambda: distributions(neurons(dead=70)),
}


@pytest.fixture(scope="module")
def made() -> Callable[[str], Figure]:
    """Each case once: they are only looked at."""
    figures: dict[str, Figure] = {}

    def make(case: str) -> Figure:
        if case not in figures:
            figures[case] = CASES[case]()
        return figures[case]

    return make


@pytest.mark.parametrize("case", CASES)
def test_all_text_is_large_and_in_the_figure(made: Callable[[str], Figure], case: str) -> None:
    figure = made(case)
    greyscale_tells_what_colours_tell(figure)
    figure.draw_without_rendering()
    width, height = figure.bbox.size
    for text in texts(figure):
        assert text.get_fontsize() >= 12, text
        box = text.get_window_extent()
        if box.width == 0:  # a tick beyond the axes' limits
            continue
        assert box.x0 >= 0, text
        assert box.y0 >= 0, text
        assert box.x1 <= width, text
        assert box.y1 <= height, text


@pytest.mark.parametrize("case", CASES)
def test_no_text_overlaps_another(made: Callable[[str], Figure], case: str) -> None:
    figure = made(case)
    figure.draw_without_rendering()
    ticks = {
        label
        for ax in figure.axes
        for axis in (ax.xaxis, ax.yaxis)
        for tick in axis.get_major_ticks()
        for label in (tick.label1, tick.label2)
        if not axis.get_view_interval()[0] <= tick.get_loc() <= axis.get_view_interval()[1]
    }
    shown = [text for text in texts(figure) if text not in ticks]
    for a, b in combinations(shown, 2):
        assert not a.get_window_extent().overlaps(b.get_window_extent()), (a, b)


@pytest.mark.parametrize("case", ["network", "four layers", "information"])
def test_a_figure_for_a_paper_fits_its_column_and_has_no_title(case: str, tmp_path: Path) -> None:
    def sizes(**widths: float) -> tuple[Figure, float]:
        with canvas.paper(**widths):
            figure = CASES[case]()
        canvas.save(figure, tmp_path / "paper.pdf")
        page = re.search(rb"/MediaBox \[ 0 0 ([\d.]+) ", (tmp_path / "paper.pdf").read_bytes())
        assert page
        return figure, float(page[1]) / 72 * 25.4 / (canvas.SMALL / 8)

    figure, column = sizes()
    assert column == pytest.approx(84, abs=4)
    assert all(text.get_fontsize() >= canvas.SMALL for text in texts(figure))
    assert said(figure).strip() == ""
    assert len({ax.get_position().x0 for ax in figure.axes}) == 1  # below each other
    assert len(figure.axes) == len(CASES[case]().axes)
    # What has no room in one column is as wide as the page.
    figure, page = sizes(column_mm=60)
    assert page == pytest.approx(174, abs=8)
    with pytest.raises(ValueError, match="50 and 174 mm: a column has at least 60 mm"):
        sizes(column_mm=50)


@pytest.mark.parametrize("case", [c for c in CASES if not c.startswith("information")])
def test_labels_are_off_the_curves_and_inside(made: Callable[[str], Figure], case: str) -> None:
    for ax in made(case).axes:
        frame = ax.get_window_extent()
        boxes = {name: label.get_window_extent() for name, label in labels(ax).items()}
        assert set(wording.DIRECTIONS.values()) <= set(boxes)
        for name, box in boxes.items():
            assert frame.x0 <= box.x0, name
            assert box.x1 <= frame.x1 + 1, name
            assert frame.y0 <= box.y0, name
            assert box.y1 <= frame.y1 + 1, name
            for line in ax.lines:
                x, y = line.get_transform().transform(line.get_xydata()).T
                if len(x) > 1:
                    fine = np.linspace(x[0], x[-1], 3000)
                    inside = (box.x0 < fine) & (fine < box.x1)
                    y = np.interp(fine, x, y)[inside]
                    assert not ((box.y0 < y) & (y < box.y1)).any(), (name, line.get_color())


def test_labels_stand_nearest_to_their_own_curve(made: Callable[[str], Figure]) -> None:
    (ax,) = made("network").axes
    lines = {name: drawn(ax, canvas.COLOURS[key]) for key, name in wording.DIRECTIONS.items()}
    for name in lines:
        box = labels(ax)[name].get_window_extent()
        distance = {
            other: min(
                np.hypot(max(box.x0 - x, x - box.x1, 0), max(box.y0 - y, y - box.y1, 0))
                for x, y in ax.transData.transform(line)
            )
            for other, line in lines.items()
        }
        assert min(distance, key=distance.__getitem__) == name
        assert labels(ax)[name].get_color() in canvas.COLOURS.values()


def test_network_figure(made: Callable[[str], Figure]) -> None:
    figure = made("network")
    (ax,) = figure.axes
    assert ax.get_xlabel() == "number of neurons ablated"
    assert ax.get_ylabel() == "accuracy on test data (%)"
    assert "Whole network: ablation by mutual information with the class" in said(figure)
    assert "MNIST, hidden layers 100\N{EN DASH}100, ReLU, dropout; 3 seeds" in said(figure)
    assert "(1-bit threshold)" in said(figure)
    assert "mean over 3 seeds (random: 2 orders each)" in said(figure)
    assert "95 % interval" in said(figure)
    assert {"chance: 11.4 %", "no ablation: 98.0 %"} < set(labels(ax))
    assert len(ax.lines) == 6  # three results, two levels, the point without ablation
    assert len(ax.collections) == 6  # two bands each
    data = group()
    for name, rows in (("ascending", [0]), ("descending", [1]), ("random", [2, 3])):
        x, y = drawn(ax, canvas.COLOURS[name]).T
        np.testing.assert_array_equal(x, np.arange(101))
        mean = data["correct"].isel(ordering=rows).mean(("seed", "ordering"))
        np.testing.assert_allclose(y, mean * 100 / N_TEST)


def test_bands_end_where_accuracies_do() -> None:
    data = group(seeds=2)
    steps = np.arange(data.sizes["removed"])
    few = np.array([[N_TEST], [N_TEST // 10]]) - 0 * steps
    spread = data.assign(correct=data["correct"] * 0 + xr.DataArray(few, dims=("seed", "removed")))
    for band in network(spread).axes[0].collections:
        ends = band.get_paths()[0].vertices[:, 1]
        assert 0 <= ends.min() < ends.max() <= 100


def test_one_seed_has_no_band(made: Callable[[str], Figure]) -> None:
    figure = made("network, one seed")
    assert len(figure.axes[0].lines) == 6
    assert len(figure.axes[0].collections) == 0
    assert "; 1 seed" in said(figure)
    assert "One seed (random: 2 orders each): no interval." in said(figure)


def test_layers_share_the_axis(made: Callable[[str], Figure]) -> None:
    figure = made("four layers")
    assert [ax.get_title(loc="left") for ax in figure.axes] == [
        f"layer {i} (50 neurons)" for i in (1, 2, 3, 4)
    ]
    assert len({ax.get_ylim() for ax in figure.axes}) == 1
    assert [bool(ax.get_ylabel()) for ax in figure.axes] == [True, False, True, False]
    assert ["chance: 11.4 %" in labels(ax) for ax in figure.axes] == [True] + [False] * 3
    assert "Within each layer" in said(figure)
    assert "CIFAR-10" in said(figure)
    assert made("one neuron").axes[0].get_title(loc="left") == "layer 1 (1 neuron)"


def test_orders_are_chosen() -> None:
    data = group(10, quantizers=("threshold", "uniform-8"))
    assert "1-bit threshold" in said(network(data))
    assert "8 uniform bins" in said(network(data, quantizer="uniform-8"))
    with pytest.raises(ValueError, match=r"ordered by entropy: there are mutual_information \(th"):
        network(data, measure="entropy")
    with pytest.raises(ValueError, match=r"quantile-2.* configuration's `orderings`"):
        network(data, quantizer="quantile-2")
    with pytest.raises(ValueError, match="random orders only"):
        network(data.isel(ordering=data["measure"] == "random"))
    with pytest.raises(ValueError, match="is a layer"):
        ablation.ablation_layers({"network": data}, CONDITION)


def test_orders_that_are_absent_are_not_drawn() -> None:
    data = group(10)
    (ax,) = network(data.isel(ordering=data["direction"] == "ascending")).axes
    assert set(labels(ax)) == {"lowest first", "chance: 11.4 %", "no ablation: 98.0 %"}


def test_distributions(made: Callable[[str], Figure]) -> None:
    figure = made("information")
    (ax,) = figure.axes
    assert ax.get_ylabel() == "mutual information (bit)"
    assert [label.get_text() for label in ax.get_xticklabels()] == [
        "layer 1\n40 neurons\n\N{MULTIPLICATION SIGN} 3 seeds\n5 % never active",
        "layer 2\n30 neurons\n\N{MULTIPLICATION SIGN} 3 seeds\n0 % never active",
    ]
    assert set(labels(ax)) == {"labels\nshuffled:\n0.00065 bit"}
    assert len(ax.findobj(PolyCollection)) == 2
    dots = [line for line in ax.lines if len(line.get_xdata()) > 2]
    assert [len(line.get_xdata()) for line in dots] == [120, 90]
    values = neurons()["mutual_information"].values[:, 0, :40].ravel()
    np.testing.assert_array_equal(dots[0].get_ydata(), values)
    assert np.abs(np.asarray(dots[0].get_xdata())).max() < 0.5
    medians = [line.get_ydata()[0] for line in ax.lines if line.get_markersize() == 9]
    assert medians[0] == np.median(values)
    assert "by hidden layer" in said(figure)
    assert "10,000 examples" in said(figure)


def test_constant_information_is_dots_only(made: Callable[[str], Figure]) -> None:
    for case in ("information, constant", "information, none"):
        assert made(case).axes[0].findobj(PolyCollection) == []


def test_class_entropy_is_marked_where_it_is_in_view() -> None:
    (ax,) = distributions(neurons(scale=2.0), activation="tanh").axes
    assert "H(Y)\nat most\n3.32 bit" in labels(ax)
    assert ax.get_xticklabels()[0].get_text().count("\n") == 2  # never active: relu only


def test_rare_never_active_neurons_are_not_rounded_away() -> None:
    (ax,) = distributions(neurons((300,), dead=1)).axes
    assert ax.get_xticklabels()[0].get_text().endswith("<1 % never active")


def test_unmeasured_quantizer_is_refused() -> None:
    with pytest.raises(ValueError, match="'uniform-8': there are threshold"):
        figures_information.information(neurons(), CONDITION, quantizer="uniform-8")


@pytest.mark.parametrize("case", ["network", "information"])
def test_saved_bytes_are_the_same(made: Callable[[str], Figure], case: str, tmp_path: Path) -> None:
    first = [tmp_path / f"first.{suffix}" for suffix in ("pdf", "png")]
    second = [tmp_path / f"second.{suffix}" for suffix in ("pdf", "png")]
    canvas.save(made(case), *first)
    with mpl.rc_context({"font.size": 30, "pdf.compression": 0, "lines.linewidth": 9}):
        canvas.save(CASES[case](), *second)
    for a, b in zip(first, second, strict=True):
        assert a.read_bytes() == b.read_bytes()
    assert first[0].read_bytes().startswith(b"%PDF")
    assert b"CreationDate" not in first[0].read_bytes()
    assert first[1].read_bytes().startswith(b"\x89PNG")
    assert sorted(tmp_path.iterdir()) == sorted(first + second)


def test_the_numbers_of_a_figure_are_written_beside_it(
    made: Callable[[str], Figure], tmp_path: Path
) -> None:
    canvas.save(made("network"), tmp_path / "network.csv")
    table = pd.read_csv(tmp_path / "network.csv")
    shown = made("network").axes[0].lines
    for ordering, rows in table.groupby("ordering"):
        line = next(one for one in shown if one.get_color() == canvas.COLOURS[str(ordering)])
        np.testing.assert_array_equal(line.get_xdata(), rows["removed"])
        np.testing.assert_array_equal(line.get_ydata(), rows["accuracy_percent"])
    with pytest.raises(ValueError, match="was not recorded"):
        canvas.save(Figure(), tmp_path / "empty.csv")


def test_other_formats_are_refused(made: Callable[[str], Figure], tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"figure\.svg: figures are written as \.pdf, \.png"):
        canvas.save(made("network"), tmp_path / "figure.svg")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, "MNIST, hidden layers 100\N{EN DASH}100, ReLU, dropout"),
        (
            {"dataset": "fashion_mnist", "architecture": "30", "regularizer": "none"},
            "FashionMNIST, one hidden layer 30, ReLU, no regularizer",
        ),
        (
            {"dataset": "two_moons", "activation": "tanh", "regularizer": "l2-batch-norm"},
            "two moons, hidden layers 100\N{EN DASH}100, tanh, L2 batch norm",
        ),
    ],
)
def test_conditions_in_words(changes: dict[str, str], words: str) -> None:
    assert wording.of_condition(CONDITION | changes) == words


def test_figures_need_no_torch() -> None:
    """So that jobs that draw start quickly."""
    folder = Path(canvas.__file__).parent
    names = [f"{canvas.__package__}.{file.stem}" for file in folder.glob("[a-z]*.py")]
    assert len(names) > 15
    code = f"import sys, {', '.join(names)}; sys.exit(str({{'torch'}} & set(sys.modules) or ''))"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={"PYTHONPATH": str(folder.parents[1])},
        capture_output=True,
        text=True,
        check=False,
    )
    assert not done.stderr.strip()
