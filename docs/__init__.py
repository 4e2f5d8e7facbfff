"""The documentation's commands; the pages beside them are Markdown."""
