"""Pins image references in files: finds them, resolves them at registries, and writes their digests, all or none.

texts.gather(paths, ...)            -> the files, each with its ReferenceSpots
resolver.Resolver(registry)         -> the current digests of tags, and whether digests still exist
assessment.evaluate(texts, ...)     -> a PinResult for each spot: missing, moved, gone, ...
writer.rewritten(text, results)     -> the new text, verified by reading it again
lockfile                            -> sealock.lock, for files that must not be changed
"""
