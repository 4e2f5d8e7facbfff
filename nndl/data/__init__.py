"""Images: fetched, read, generated, split, augmented, and served in batches."""
