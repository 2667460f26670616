"""The work that the service does: scans, polls, updates of advisories; and who carries the jobs."""
