"""Trainings as wholes: begun, gone on with, repeated, in sets and to a time."""
