"""Measuring: whole training steps of each engine, the steps of their plans, the most that the machine can multiply."""
