"""The policy: what fails a run, and what is excused. It takes texts and returns values; `targets` opens the files."""
