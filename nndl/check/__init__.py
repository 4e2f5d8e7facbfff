"""Checks of gradients, and of what a gradient cannot show."""
