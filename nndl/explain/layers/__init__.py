"""The layers and losses, one a file."""
