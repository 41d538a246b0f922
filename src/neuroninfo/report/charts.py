"""Charts of the explorer in Vega-Lite, made with Altair; the page gives each its rows.

What a chart shows is chosen on the page, which puts the rows into the data set of its name; so a
chart is the same for all studies, and small.  Colours of directions and of text are the page's,
which has light and dark ones.
"""

from __future__ import annotations

from typing import Any, Final

import altair as alt

from neuroninfo.figures.canvas import LAYERS
from neuroninfo.figures.wording import DIRECTIONS
from neuroninfo.report.contents import PARTS

_HEIGHT: Final = 340
"""Height of a chart in pixels; a chart is as wide as the page."""
_ORDERS: Final = alt.Scale(domain=list(DIRECTIONS.values()))
_OF_PARTS: Final = list(PARTS.values())[::-1]
"""Their colours are those of lowest first, highest first and random, as in the figures."""
_OF_LAYERS: Final = alt.Scale(range=list(LAYERS))
_TOP: Final = alt.Legend(orient="top", title=None, symbolOpacity=1)


def charts() -> dict[str, dict[str, Any]]:
    """Name of a chart -> its specification."""
    made = {
        "curves": _curves(),
        "parts": _parts(),
        "neurons": _neurons(),
        "planes": _planes(),
        "epochs": _epochs(),
    }
    return {name: chart.to_dict() for name, chart in made.items()}


def _curves() -> alt.LayerChart:
    """Accuracy against removals; the parameter ``at`` is a position along the curves in percent."""
    at = alt.param(name="at", value=25)
    x = alt.X("removed:Q", title="number of neurons ablated", scale=alt.Scale(nice=False))
    colour = alt.Color("direction:N", scale=_ORDERS, legend=_TOP)
    base = alt.Chart(alt.NamedData("curves")).encode(x=x, color=colour, detail="control:N")
    numbers = [
        alt.Tooltip("direction:N", title="removed"),
        alt.Tooltip("control:N", title="order"),
        alt.Tooltip("removed:Q", title="neurons ablated"),
        alt.Tooltip("mean:Q", title="accuracy (%)", format=".2f"),
        alt.Tooltip("low:Q", title="95 % interval from", format=".2f"),
        alt.Tooltip("high:Q", title="to", format=".2f"),
    ]
    accuracy = alt.Y("mean:Q", title="accuracy on test data (%)")
    band = base.mark_area(opacity=0.22).encode(y="low:Q", y2="high:Q")
    line = base.mark_line(strokeWidth=2.4).encode(y=accuracy, strokeDash=_dashes())
    hovered = base.mark_point(size=150, opacity=0, filled=True).encode(y=accuracy, tooltip=numbers)
    here = base.transform_filter("datum.step == round(at * datum.steps / 100)")
    mark = here.mark_rule(strokeWidth=1).encode(color=alt.ColorValue("#888888"))
    dot = here.mark_point(size=70, filled=True, opacity=1).encode(y=accuracy, tooltip=numbers)
    chance = (
        alt.Chart(alt.NamedData("curves"))
        .mark_rule(strokeDash=[2, 4], color="#888888")
        .encode(y="min(chance):Q", tooltip=alt.Tooltip("min(chance):Q", title="chance (%)"))
    )
    return _wide(alt.layer(band, chance, mark, line, dot, hovered)).add_params(at)


def _dashes() -> alt.StrokeDash:
    """Whole lines for an order itself, dashes for its control."""
    scale = alt.Scale(domain=["as measured", "share of the layers"], range=[[1, 0], [6, 4]])
    return alt.StrokeDash("control:N", scale=scale, legend=None)


def _parts() -> alt.LayerChart | alt.FacetChart:
    """Effects of a claim in their parts, a row for each condition."""
    base = alt.Chart(alt.NamedData("parts")).encode(
        y=alt.Y("name:N", title=None, sort=None, axis=alt.Axis(labelLimit=560)),
        yOffset=alt.YOffset("part:N", scale=alt.Scale(domain=list(PARTS.values()))),
        color=alt.Color("part:N", scale=alt.Scale(domain=_OF_PARTS), legend=_TOP),
        opacity=alt.condition("datum.chosen", alt.value(1), alt.value(0.45)),
        tooltip=[
            alt.Tooltip("name:N", title="condition"),
            alt.Tooltip("part:N", title="part"),
            alt.Tooltip("effect:Q", title="points", format="+.2f"),
            alt.Tooltip("low:Q", title="95 % interval from", format="+.2f"),
            alt.Tooltip("high:Q", title="to", format="+.2f"),
            alt.Tooltip("seeds:Q", title="seeds"),
        ],
    )
    title = "difference of mean accuracy (percentage points)"
    bar = base.mark_rule(strokeWidth=3).encode(x=alt.X("low:Q", title=title), x2="high:Q")
    marks = alt.Scale(domain=_OF_PARTS, range=["triangle-up", "square", "circle"])
    dot = base.mark_point(size=70, filled=True).encode(
        x="effect:Q", shape=alt.Shape("part:N", scale=marks, legend=_TOP)
    )
    zero = alt.Chart().mark_rule(color="#888888").encode(x=alt.datum(0))
    layered = alt.layer(zero, bar, dot, data=alt.NamedData("parts"))
    wide = alt.AutoSizeParams(type="fit-x", contains="padding")
    return layered.properties(width="container", height=alt.Step(16), autosize=wide)


def _neurons() -> alt.Chart:
    """Neurons as points; a click on a layer in the legend shows it alone."""
    layer = alt.selection_point(fields=["layer"], bind="legend")
    view = alt.selection_interval(bind="scales")
    return _wide(
        alt.Chart(alt.NamedData("neurons"))
        .mark_point(filled=True, size=28)
        .encode(
            x=alt.X("x:Q", title=None),
            y=alt.Y("y:Q", title=None),
            color=alt.Color(
                "layer:N",
                scale=_OF_LAYERS,
                legend=alt.Legend(orient="top", title="layer (click to show one)", symbolOpacity=1),
            ),
            opacity=alt.when(layer).then(alt.value(0.55)).otherwise(alt.value(0.04)),
            tooltip=[
                alt.Tooltip("layer:N"),
                alt.Tooltip("unit:Q", title="neuron"),
                alt.Tooltip("seed:Q"),
                alt.Tooltip("mutual_information:Q", title="information (bit)", format=".3f"),
                alt.Tooltip("accuracy:Q", title="accuracy lost (points)", format=".3f"),
                alt.Tooltip("loss:Q", title="rise of the loss (nat)", format=".4f"),
            ],
        )
    ).add_params(layer, view)


def _planes() -> alt.LayerChart:
    """The plane of an estimator; the parameter ``epoch`` marks one, hollow is not trusted."""
    epoch = alt.param(name="epoch", value=0)
    base = _of_epochs()
    path = base.mark_line(strokeWidth=1.4, opacity=0.5).encode(
        x=alt.X("input:Q", title="I(X;T) (bit)"),
        y=alt.Y("label:Q", title="I(T;Y) (bit)"),
        order="epoch:Q",
        strokeDash=_TRUST_DASHES,
    )
    points = _marked(base, "input:Q", "label:Q", size=45)
    here = _marked(base.transform_filter("datum.epoch == epoch"), "input:Q", "label:Q", size=260)
    return _wide(alt.layer(path, points, here)).add_params(epoch)


def _epochs() -> alt.LayerChart:
    """I(X;T) of every layer against the epoch."""
    base = _of_epochs()
    x = alt.X("epoch:Q", title="epochs trained")
    y = alt.Y("input:Q", title="I(X;T) (bit)")
    line = base.mark_line(strokeWidth=1.6).encode(x=x, y=y, strokeDash=_TRUST_DASHES)
    return _wide(alt.layer(line, _marked(base, x, y, size=30)))


def _of_epochs() -> alt.Chart:
    return alt.Chart(alt.NamedData("planes")).encode(
        color=alt.Color("layer:N", scale=_OF_LAYERS, legend=_TOP)
    )


def _marked(base: alt.Chart, x: Any, y: Any, *, size: int) -> alt.Chart:  # noqa: ANN401
    """Points of a plane, filled where the estimate is trusted."""
    return base.mark_point(size=size, strokeWidth=1.6).encode(
        x=x,
        y=y,
        fill=alt.condition(
            "datum.trust == ''",
            alt.Color("layer:N", scale=_OF_LAYERS, legend=None),
            alt.value("transparent"),
        ),
        tooltip=[
            alt.Tooltip("layer:N"),
            alt.Tooltip("epoch:Q", title="epochs"),
            alt.Tooltip("input:Q", title="I(X;T) (bit)", format=".3f"),
            alt.Tooltip("label:Q", title="I(T;Y) (bit)", format=".3f"),
            alt.Tooltip("trusted:N", title="trusted"),
        ],
    )


_TRUST_DASHES: Final = alt.condition("datum.trust == ''", alt.value([1, 0]), alt.value([3, 3]))


def _wide(chart: Any) -> Any:  # noqa: ANN401
    return chart.properties(width="container", height=_HEIGHT)
