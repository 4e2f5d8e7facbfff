"""What no single key can tell: whether the parts of a config agree with each other, the data and the machine."""
