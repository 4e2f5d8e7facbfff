"""Shares as people read them, on the terminal and on a page: accuracies in percent, differences in points."""

from nndl.runs.comparing import Spread


def percent(share: float | None) -> str:
    """Turn 0.7512 into "75.12 %", and None into "-"."""
    return "-" if share is None else f"{100 * share:.2f} %"


def between(interval: tuple[float, float]) -> str:
    """Turn (0.7446, 0.7615) into "74.46 to 76.15"."""
    return "{:.2f} to {:.2f}".format(*(100 * end for end in interval))


def plus_minus(spread: Spread) -> str:
    """Turn a mean and a standard deviation into "75.12 ± 0.31 %"; the mean alone of one run."""
    if spread.mean is None or spread.deviation is None:
        return percent(spread.mean)
    return f"{100 * spread.mean:.2f} ± {100 * spread.deviation:.2f} %"


def and_deviation(deviation: float | None) -> str:
    """Write ", standard deviation 0.31" behind a mean; nothing where there is one run only."""
    return "" if deviation is None else f", standard deviation {100 * deviation:.2f}"


def points(share: float) -> str:
    """Turn a difference of 0.0031 into "+0.31"."""
    return f"{100 * share:+.2f}"
