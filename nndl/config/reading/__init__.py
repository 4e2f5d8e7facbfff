"""From text to a tree of plain values that know their places, and what is wrong with the text."""
