"""One training on several processes: rank 0 leads, writes and prints; the others do what it says.

Rank 0 runs as a process alone would. What its solver calls (batches, loss, update, scores) first tells the others, by a
word, to do their part of the same: so only rank 0 decides, and all stop at the same step.
"""
