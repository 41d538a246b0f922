"""Figures: one module a family; functions take Datasets and return matplotlib Figures.

`style` has what they share: colours, sizes, words, labels at the curves, saving.
"""
