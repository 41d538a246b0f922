"""Entropy and information from plain contingency tables, to compare with."""

from collections import Counter
from math import log2

import numpy as np


def entropy(*columns: np.ndarray) -> float:
    """Of several columns together, in bits."""
    values = list(zip(*(column.tolist() for column in columns), strict=True))
    return -sum(c / len(values) * log2(c / len(values)) for c in Counter(values).values())


def information(labels: np.ndarray, *bits: np.ndarray) -> float:
    """I(bits;labels) in bits."""
    return entropy(*bits) + entropy(labels) - entropy(*bits, labels)
