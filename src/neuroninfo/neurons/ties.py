"""Which values of a measure count as equal."""

from typing import Final

DECIMALS: Final = 12
"""Measures that agree to this many digits tie: rounding must not tell neurons apart."""
