"""What formats share whose keys stand for options of `docker run`: a table of keys, read as words and written back."""
