"""Rules on several kinds of noun: each says in `kinds` which they are."""
