"""Effects of two studies with different seeds side by side."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from neuroninfo.figures import canvas
from neuroninfo.figures.canvas import COLOURS
from neuroninfo.results.replication import summary


@canvas.styled
def replication(agreed: pd.DataFrame, here: str, there: str) -> Figure:
    """Effect here against effect there, with the interval of their difference.

    Parameters
    ----------
    agreed
        As `replication.agreement` gives it; effects in accuracy are drawn.
    here, there
        Names of the two studies.
    """
    shown = agreed[agreed["unit"] == "accuracy"]
    drawn, (ax,) = canvas.figure(
        1,
        title=f"Study “{here}” against study “{there}”: effects of C1 and C2",
        subtitle=summary(agreed),
        note=(
            "A point is one claim of one condition (difference of two mean accuracies); its bar "
            f"is the 95 % interval of effect in “{here}” minus effect in “{there}” (Welch), drawn "
            "around the point. A bar that meets the diagonal agrees."
        ),
    )
    x, y = 100 * shown["effect_replicated"], 100 * shown["effect"]
    half = 50 * (shown["high"] - shown["low"])
    limits = np.array([min(x.min(), y.min()), max(x.max(), y.max())])
    limits += np.array([-0.08, 0.08]) * np.ptp(limits)
    ax.plot(limits, limits, color=COLOURS["reference"], linewidth=1, zorder=1)
    for agrees, colour, words in (
        (True, COLOURS["ascending"], "agree"),
        (False, COLOURS["descending"], "differ"),
    ):
        rows = shown["agrees"] == agrees
        ax.errorbar(
            x[rows],
            y[rows],
            yerr=half[rows],
            fmt="o" if agrees else "s",
            color=colour,
            markersize=5,
            linewidth=1.2,
            label=f"{words} ({int(rows.sum())})",
        )
    ax.legend(title="effects (number)", frameon=False, loc="upper left")
    ax.set_xlim(*limits)
    ax.set_xlabel(f"effect in “{there}” (percentage points)")
    ax.set_ylabel(f"effect in “{here}” (points)")
    canvas.record(drawn, agreed)
    return drawn
