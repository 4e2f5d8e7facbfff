"""One run on disk: its folder, states, metrics and records, and what is read out of them."""
