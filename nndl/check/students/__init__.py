"""Judging what a student's functions return."""
