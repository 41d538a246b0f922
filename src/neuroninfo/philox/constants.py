"""Constants of Philox4x32-10 (Salmon, Moraes, Dror, Shaw 2011, section 3.3 and their code)."""

from typing import Final

ROUNDS: Final = 10
MULTIPLIERS: Final = (0xD2511F53, 0xCD9E8D57)
WEYL: Final = (0x9E3779B9, 0xBB67AE85)
"""What is added to the two words of the key between rounds."""
WORD: Final = 0xFFFFFFFF
