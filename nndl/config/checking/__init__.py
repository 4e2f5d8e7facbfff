"""Checks that no single key allows: the parts of a config agree with each other, the data and the machine."""
