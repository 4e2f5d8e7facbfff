"""Images of one's own: folders of pictures, and the files in which data sets are handed about."""
