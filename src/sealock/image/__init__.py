"""Opens images of every shape, layer by layer, without an engine. Everything in an image is untrusted."""
