"""The service's HTTP side: the API for programs, pages for people, and what both share."""
