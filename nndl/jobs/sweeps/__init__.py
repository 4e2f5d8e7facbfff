"""Sweeps: many trainings of one config with values drawn from a space, by several processes, none lost or doubled.

What trial n tries is a function of the sweep's file, n and the results of the trials at least `parallel` before it; how
it is trained follows from that alone. So a sweep comes to the same table however many workers train it, in whatever
order they end, and whoever of them is killed on the way.
"""
