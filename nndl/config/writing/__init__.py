"""Writing out of an experiment and its schema: configs, a JSON Schema, the reference."""
