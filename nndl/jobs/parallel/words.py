"""The words by which rank 0 says what all do next: the protocol between `lead`, which speaks, and `follow`.

A word goes out as its number and up to three that go with it, float64 all of them (`mpi.MpiRanks.word`).
"""

from enum import IntEnum


class Word(IntEnum):
    """A word; in brackets the numbers that go with it."""

    END = 0
    EXPERIMENT = 1
    """Build what the text that follows describes."""
    LOAD = 11
    """Read your command's config, and compare it."""
    SYNC = 2
    """Take over rank 0's state. [updates]"""
    FREEZE = 3
    """Train what is trained in an epoch. [epoch]"""
    BEGIN = 4
    """Make the batches of an epoch, from one on. [epoch, batch]"""
    LOSS = 5
    """Compute your shards of the next batch. [step]"""
    UPDATE = 6
    """Change the parameters. [multiplier, step, steps]"""
    STORES = 7
    """Send the optimiser's memory."""
    WEIGHTS = 8
    """Take rank 0's weights to score images with, and put your own aside."""
    SCORE = 9
    """Score one batch out of a round. [images, first batch]"""
    RESTORE = 10
    """Take your own weights again."""
