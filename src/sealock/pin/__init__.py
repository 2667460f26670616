"""Pins image references in files by their digests: finds them, asks registries, and writes digests, all or none.

texts.gather(paths, ...)            -> the files, each with its Spots: where a reference and its digest stand
resolving.Asking(registry)          -> what tags stand for now, and whether digests are still there
judging.judge(texts, ...)           -> a Verdict for each spot: missing, moved, gone, ...
writing.rewritten(text, verdicts)   -> the new text, proved by reading it again
locking                             -> sealock.lock, for files that are not to be touched
"""
