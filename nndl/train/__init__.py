"""Training: the solver and its events. `nndl` makes this package callable: `nndl.train(experiment)` trains."""
