"""Words for what is known of a run."""

from nndl.report.gather import Facts


def data_of(facts: Facts, short: bool = False) -> str:
    """Return CIFAR-10, CIFAR-100, or SYNTHETIC (images)."""
    images = facts.row.images
    return images if short or images.startswith("CIFAR") else f"{images} images"
