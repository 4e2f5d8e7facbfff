"""Parts of one's own: Python code that a config names, what it registers, and whether it may be run."""
