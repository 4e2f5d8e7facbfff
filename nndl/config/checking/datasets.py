"""What is known of the data sets before any of them is read."""

INPUT_SHAPE = (3, 32, 32)
CLASSES = {"cifar10": 10, "cifar100": 100, "synthetic": 10}
TRAINING_IMAGES = {"cifar10": 50_000, "cifar100": 50_000, "synthetic": 5_000}
"""What `all` is; of synthetic images there may be as many as CIFAR has."""
MOST_TRAINING_IMAGES, MOST_TEST_IMAGES = 50_000, 10_000
