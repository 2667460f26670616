"""What still leans on Docker Content Trust (Notary v1). Begin with `places.audit`; `texts.find` reads one text."""
