"""The health of a training: a look into the network now and then, and signs that something is wrong.

A false alarm is worse than silence: a sign is told where the figures leave little doubt, and a network that learns is
left alone. No bundled config is accused; a test holds that.
"""
