"""The screen that people see: the only rooms that know rich."""
