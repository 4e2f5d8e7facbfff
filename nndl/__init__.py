"""nndl: train CIFAR-10 convolutional networks from YAML, in NumPy layers you can check by hand."""

__version__ = "0.1.0"
