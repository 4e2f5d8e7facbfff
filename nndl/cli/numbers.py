"""Options that take several numbers: --threads 1,2, --ranks 2,1."""


def numbers(option: str, text: str) -> list[int]:
    """Read "2,1" as it stands. Raises UsageError, with the option's name, for what is not numbers from 1 up."""
    from nndl.errors import UsageError

    counts = [int(part) if part.strip().isdecimal() else 0 for part in text.split(",")]
    if min(counts) < 1:
        raise UsageError(f"{option} takes numbers from 1 up, such as 2 or 1,2, not {text!r}")
    return counts
