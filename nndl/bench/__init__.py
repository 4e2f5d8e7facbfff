"""How fast: whole training steps of each engine, step by step of their plans, against what the machine can multiply."""
