"""Numbers with their nouns."""


def count_of(number: int, noun: str) -> str:
    """Write "1 thread", "2 threads", "2,000 runs"."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
