"""The rule book: one file, one rule. Rules judge nouns and never know where a noun came from."""
