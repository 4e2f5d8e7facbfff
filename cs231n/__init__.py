"""The CS231n course's names: thin faces on nndl."""
