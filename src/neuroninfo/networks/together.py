"""Settings that networks of one stack have in common.

The configuration makes bundles by it, so this imports nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

OWN_STRENGTHS: Final = ("l1", "l2", "dropout", "input_dropout", "label_smoothing", "noise")
"""Settings of a regularizer that may differ between the networks of a stack."""


def in_common(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Settings of training without those that may differ between the networks of a stack.

    These are `OWN_STRENGTHS`, how l2 decays (``decay``), the momentum, and but for sgld the
    learning rate.

    Parameters
    ----------
    settings
        `training.settings.Settings` as plain values.
    """
    own = {"momentum"} if settings["sgld"] is not None else {"momentum", "learning_rate"}
    of_regularizer = settings["regularizer"]
    regularizer = {
        key: value for key, value in of_regularizer.items() if key not in (*OWN_STRENGTHS, "decay")
    }
    return {key: value for key, value in settings.items() if key not in own} | {
        "regularizer": regularizer
    }
