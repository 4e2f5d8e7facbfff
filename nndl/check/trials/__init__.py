"""Short trainings of a config on a few of its images, which say whether a long one is worth its time."""
