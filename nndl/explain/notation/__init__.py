"""Formulas written once, by their indices: evaluated as they stand, printed, put into LaTeX, filled with numbers."""
