"""Slides of one estimator's plane, and its animation."""

from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.figure import Figure
from matplotlib.text import Text
from PIL import Image

from neuroninfo.figures import canvas, labels
from neuroninfo.figures import plane as figures_plane
from neuroninfo.figures import planes as figures_planes
from neuroninfo.figures import synergy as figures_synergy
from neuroninfo.figures.planes import planes
from neuroninfo.files import seeds as files_seeds
from neuroninfo.files import storage
from neuroninfo.planes.layers import SKIPPED
from neuroninfo.report import contents
from neuroninfo.results import compression_gap
from neuroninfo.results import planes as results_planes
from neuroninfo.results.planes import compression
from tests.unit.pictures import all_text_is_large_and_in_the_figure

CONDITION = {
    "dataset": "icosahedron",
    "architecture": "10-7-5-4-3",
    "activation": "tanh",
    "regularizer": "none",
}
LAYERS = ["1", "2", "3", "output"]
EPOCHS = [0, 1, 4, 2000]


def found(input_bits: float = 4.0, fall: float = 0.0, ceiling: float = 12.0) -> xr.Dataset:
    """A plane by two estimators of which the second has no estimate of any layer."""
    shape = (3, len(EPOCHS), len(LAYERS), 2)
    rng = np.random.default_rng(0)
    of_input = input_bits - np.arange(len(LAYERS))[:, None] + 0.01 * rng.normal(size=shape)
    of_input[:, -1] -= fall
    of_input[:, 0] -= 1
    of_label = of_input / input_bits
    of_input[..., 1] = np.nan
    dims = ("seed", "epoch", "layer", "estimator")
    reason = np.full(shape, "")
    reason = np.where(np.isnan(of_input), "class 1 has 3 examples, and 3 neighbours are", reason)
    return xr.Dataset(
        {
            "mutual_information_input": (dims, of_input),
            "mutual_information_label": (dims, of_label),
            "success": (dims, np.isfinite(of_input).astype(np.int8)),
            "reason": (dims, reason),
        },
        coords={
            "seed": [4, 5, 6],
            "epoch": EPOCHS,
            "layer": LAYERS,
            "estimator": ["edges-30", "kozachenko-0.001"],
            "ceiling_input": ("estimator", [ceiling, np.inf]),
            "bias_input": (("layer", "estimator"), np.full((4, 2), np.nan)),
        },
    )


def texts(drawn: Figure) -> list[Text]:
    return [
        text
        for text in drawn.findobj(lambda artist: isinstance(artist, Text))
        if text.get_text() and text.get_visible()
    ]


def said(drawn: Figure) -> str:
    return "\n".join(text.get_text() for text in texts(drawn))


def reads_from_far(drawn: Figure) -> None:
    """16:9, large letters, none upon another."""
    all_text_is_large_and_in_the_figure(drawn)
    width, height = drawn.get_size_inches()
    assert width / height == pytest.approx(16 / 9)
    drawn.draw_without_rendering()
    for ax in drawn.axes:
        ticks = [*ax.get_xticklabels(), *ax.get_yticklabels()]
        for text in (*ticks, *ax.texts, ax.title, ax.xaxis.label, *drawn.texts):
            assert not text.get_text() or text.get_fontsize() >= canvas.SLIDE_TEXT, text
    heads = {ax.get_title(loc="left") for ax in drawn.axes}
    titles = [text for text in texts(drawn) if text.get_text() in heads]
    written = [*drawn.texts, *titles] + [text for ax in drawn.axes for text in ax.texts]
    apart([text for text in written if text.get_text()])


def apart(written: list[Text]) -> None:
    for one, other in combinations(written, 2):
        a, b = one.get_window_extent(), other.get_window_extent()
        assert not a.overlaps(b), (one.get_text(), other.get_text())


@given(
    st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), min_size=1, max_size=7),
    st.sampled_from([canvas.SMALL, canvas.SLIDE_TEXT]),
)
@settings(max_examples=30, deadline=None)
def test_labels_of_layers_never_collide(ends: list[tuple[float, float]], size: float) -> None:
    drawn, (ax,) = canvas.slide(1, title="planes", subtitle="of networks", note="numbers")
    ax.set_xlim(-0.1, 1.1)
    ax.set_ylim(-0.1, 1.1)
    points = {str(number): end for number, end in enumerate(ends)}
    path = np.array([(0.0, 0.0), *ends])
    written = labels.name_points(ax, points, [path], size)
    apart(written)
    frame = ax.get_window_extent()
    for text in written:
        box = text.get_window_extent()
        assert box.x0 >= frame.x0
        assert box.x1 <= frame.x1
        assert box.y0 >= frame.y0
        assert box.y1 <= frame.y1
    named = sorted(name for text in written for name in text.get_text().split(", "))
    assert named == sorted(points)
    assert drawn.axes == [ax]


def test_a_label_is_off_the_path_where_there_is_room() -> None:
    _, (ax,) = canvas.slide(1, title="planes", subtitle="of networks", note="numbers")
    ax.set_xlim(0, 1)
    ax.set_ylim(0, 1)
    path = np.array([(0.1, 0.5), (0.9, 0.5)])
    (text,) = labels.name_points(ax, {"layer": (0.9, 0.5)}, [path], canvas.SLIDE_TEXT)
    box = text.get_window_extent().transformed(ax.transData.inverted())
    assert box.x0 > 0.9 or not box.y0 < 0.5 < box.y1


def test_plane_as_a_slide() -> None:
    drawn = figures_plane.plane(found(), "edges-30", CONDITION)
    reads_from_far(drawn)
    assert "12 bits (icosahedron), 10\N{EN DASH}7\N{EN DASH}5\N{EN DASH}4\N{EN DASH}3" in said(
        drawn
    )
    assert "tanh; 3 seeds" in said(drawn)
    assert "Hollow" not in said(drawn)
    named = {text.get_text() for text in drawn.axes[0].texts if text.get_text()}
    assert named == set(LAYERS)
    estimates = found()["mutual_information_input"].isel(estimator=0)
    artists = drawn.axes[0].collections
    assert len(artists) == 2 * len(LAYERS)
    for layer, (seeds, dots) in enumerate(zip(artists[::2], artists[1::2], strict=True)):
        own = estimates.isel(layer=layer)
        np.testing.assert_allclose(dots.get_offsets()[:, 0], own.mean("seed"))
        for path, of_seed in zip(seeds.get_paths(), own, strict=True):
            np.testing.assert_allclose(path.vertices[:, 0], of_seed)


def test_saturated_slides_say_so() -> None:
    plane = found(12.0, ceiling=9.0)
    drawn = figures_plane.plane(plane, "edges-30", CONDITION)
    reads_from_far(drawn)
    assert "Hollow: saturated: at most 9.0 bit can be said." in said(drawn)
    assert "saturated" in said(planes(plane, compression(plane, CONDITION), CONDITION))


def test_without_an_estimate_the_reason_is_there() -> None:
    drawn = figures_plane.plane(found(), "kozachenko-0.001", CONDITION)
    reads_from_far(drawn)
    assert not [text for text in drawn.axes[0].get_xticklabels() if text.get_text()]
    assert "no estimate:\nclass 1 has 3 examples, and 3" in said(drawn)
    never = found()
    never["reason"][:] = SKIPPED
    assert figures_plane.reason(never.isel(estimator=1)) == SKIPPED


def test_activations_as_a_slide() -> None:
    both = [found(fall=0.7), found()]
    names = [["icosahedron", "10-7-5-4-3", name, "none"] for name in ("tanh", "relu")]
    drawn = figures_plane.plane_activations(both, "edges-30", names)
    reads_from_far(drawn)
    titles = [ax.get_title(loc="left") for ax in drawn.axes[:2]]
    assert titles == ["tanh\n4 of 4 compress", "ReLU\nno compression"]
    assert drawn.axes[0].get_xlim() == drawn.axes[1].get_xlim()
    full = [found(12.0, ceiling=9.0)] * 2
    drawn = figures_plane.plane_activations(full, "edges-30", names)
    assert [ax.get_title(loc="left") for ax in drawn.axes[:2]] == [
        "tanh\nnot to be trusted",
        "ReLU\nnot to be trusted",
    ]


def test_doubt() -> None:
    off = found().assign_coords(
        bias_input=(("layer", "estimator"), np.tile([[-2.0], [3.0], [2.5], [4.0]], 2))
    )
    assert figures_plane.doubt(off, "edges-30") == "not to be trusted: off by 2.0 bit or more"
    assert figures_plane.doubt(found(), "edges-30") == ""
    assert figures_plane.doubt(found(), "kozachenko-0.001") == ""  # nothing to be doubted
    half = off.assign_coords(ceiling_input=("estimator", [3.5, np.inf]))
    assert figures_plane.doubt(half, "edges-30") == "no layer to be trusted: saturated or off"


def test_the_plane_over_training(tmp_path: Path) -> None:
    plane = found()
    plane["reason"][:, 1] = SKIPPED  # a costly estimator
    gif, csv = tmp_path / "plane.gif", tmp_path / "plane.csv"
    figures_plane.save_animation(plane, "edges-30", CONDITION, gif)
    with Image.open(gif) as picture:
        assert picture.n_frames == 3
        durations = []
        for frame in range(3):
            picture.seek(frame)
            durations.append(picture.info["duration"])
        assert durations == [500, 500, 3000]
    once = gif.read_bytes()
    figures_plane.save_animation(plane, "edges-30", CONDITION, gif)
    assert gif.read_bytes() == once
    canvas.save(figures_plane.plane(plane, "edges-30", CONDITION), csv)
    frames = pd.read_csv(csv, dtype={"layer": str})
    row = frames[(frames["seed"] == 4) & (frames["epoch"] == 2000) & (frames["layer"] == "2")]
    expected = plane.sel(seed=4, epoch=2000, layer="2", estimator="edges-30")
    assert row["mutual_information_input"].item() == pytest.approx(
        float(expected["mutual_information_input"])
    )


def seven() -> xr.Dataset:
    """A plane of seven seeds in no order, with all that figures and tables are made of."""
    rng = np.random.default_rng(1)
    plane = found().isel(seed=np.arange(7) % 3, epoch=[2, 0, 3, 1])
    plane = plane.assign_coords(seed=[9, 4, 5, 8, 6, 3, 7], split=["validation", "test", "train"])
    for name in ("mutual_information_input", "mutual_information_label"):
        plane[name] = plane[name] + 0.1 * rng.random(plane[name].shape)
        for end in ("low", "high"):
            plane[f"{name}_{end}"] = plane[name] + 0.1
    plane["reason"] = plane["reason"].astype(object)
    plane["reason"][4, 2] = SKIPPED  # of one seed only
    plane["reason"][:, 3, :, 0] = SKIPPED
    plane["success"][:, 3] = 0
    for name in ("scatter_within", "pair_information", "pair_redundancy", "pair_synergy"):
        plane[name] = (("seed", "epoch", "layer"), rng.random((7, 4, 4)))
    for name in ("loss", "accuracy"):
        plane[name] = (("seed", "epoch", "split"), rng.random((7, 4, 3)))
    for variable in plane.variables.values():
        variable.attrs = storage.labelled("a number", "1")
    return plane


def drawn_from(plane: xr.Dataset) -> dict[str, Figure]:
    names = [list(CONDITION.values())]
    falls = results_planes.compression(plane, CONDITION)
    return {
        "planes": figures_planes.planes(plane, falls, CONDITION),
        "planes-activations": figures_planes.planes_activations([plane], names),
        "clustering": figures_planes.clustering(plane, CONDITION),
        "plane": figures_plane.plane(plane, "edges-30", CONDITION),
        "plane-activations": figures_plane.plane_activations([plane], "edges-30", names),
        "training": figures_synergy.synergy_training([(CONDITION, plane)]),
    }


def test_epochs_at_which_a_seed_was_not_asked_do_not_count() -> None:
    plane = seven()
    found = results_planes.compression(plane, CONDITION)
    expected = results_planes.compression(plane.isel(epoch=[0, 1, 3]), CONDITION)
    pd.testing.assert_frame_equal(found, expected, check_exact=True)
    asked = plane.assign(reason=plane["reason"].where(plane["reason"] != SKIPPED, ""))
    assert not results_planes.compression(asked, CONDITION).equals(found)


def test_a_plane_that_stays_in_its_file_gives_the_bytes_of_one_in_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plane = seven()
    about = {"title": "All seeds", "condition": {}, "configuration": {}}
    storage.write(plane, tmp_path / "plane.nc", kind="plane", **about)
    conditions, clean = [list(CONDITION.values())], {"label_noise": 0.0, "n_classes": 10}
    kind = dict.fromkeys(compression_gap.KIND, "a kind")

    def tables_from(given: xr.Dataset) -> list[pd.DataFrame]:
        return [
            results_planes.compression(given, CONDITION),
            results_planes.gaps([given], conditions, [clean]),
            compression_gap.networks(given, CONDITION, kind, clean),
        ]

    tables, records = tables_from(plane), contents.planes(plane)
    for name, drawn in drawn_from(plane).items():
        canvas.save(drawn, tmp_path / f"{name}.csv", tmp_path / f"{name}.png")
    monkeypatch.setattr(files_seeds, "SLICE_BYTES", 1)
    monkeypatch.setattr(results_planes, "_REASONS", 1)
    file = results_planes.opened(tmp_path / "plane.nc")
    for table, again in zip(tables, tables_from(file), strict=True):
        assert len(table) > 3
        pd.testing.assert_frame_equal(again, table, check_exact=True)
    assert contents.planes(file) == records
    for name, drawn in drawn_from(file).items():
        for suffix in ("csv", "png"):
            paths = [tmp_path / f"{start}{name}.{suffix}" for start in ("", "from-file-")]
            canvas.save(drawn, paths[1])
            assert paths[0].read_bytes() == paths[1].read_bytes(), name
    columns = ["mutual_information_input", "mutual_information_label"]
    whole = plane[columns].to_dataframe()[columns].reset_index()
    whole.to_csv(tmp_path / "whole.csv", index=False)
    assert (tmp_path / "planes.csv").read_bytes() == (tmp_path / "whole.csv").read_bytes()
    figures_plane.save_animation(plane, "edges-30", CONDITION, tmp_path / "memory.gif")
    figures_plane.save_animation(file, "edges-30", CONDITION, tmp_path / "file.gif")
    assert (tmp_path / "memory.gif").read_bytes() == (tmp_path / "file.gif").read_bytes()
