"""The policy: what fails a run and what is suppressed. It takes texts and returns values; `targets` opens the files."""
