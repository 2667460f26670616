"""Pages for people: plain HTML that works without script, one module for each part."""
