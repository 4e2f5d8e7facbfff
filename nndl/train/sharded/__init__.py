"""Training in shards: each batch in parts, added up along one tree, so that any number of processes gives the same."""
