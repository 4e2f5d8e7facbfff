"""Layers, losses and update rules explained: formulas that are run and checked, worked examples, pages."""
