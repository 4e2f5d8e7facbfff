"""Words for what is known of a run."""

from nndl.report.gather import Facts


def data_of(facts: Facts, short: bool = False) -> str:
    """Return CIFAR-10, CIFAR-100, or SYNTHETIC (images)."""
    names = {"cifar10": "CIFAR-10", "cifar100": "CIFAR-100", "synthetic": "SYNTHETIC" if short else "SYNTHETIC images"}
    return names.get(facts.row.dataset or "", facts.row.dataset or "unknown images")


def accuracy(share: float | None) -> str:
    return "-" if share is None else f"{100 * share:.2f} %"
