"""Pieces that engines share: the layout of images, memory made once, one pool of threads, ghost batches."""
