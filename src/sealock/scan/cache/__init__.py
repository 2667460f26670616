"""Facts of layers by digest, so that the next image with the same layer need not be read."""
