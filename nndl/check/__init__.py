"""Checks: of gradients and contracts, of students' code and its mistakes, of a config before it is trained."""
