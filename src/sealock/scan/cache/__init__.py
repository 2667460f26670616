"""What was found in a layer, kept by the layer's digest, so that the next image with that layer need not be read."""
