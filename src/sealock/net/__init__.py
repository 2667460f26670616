"""Connections to servers: the HTTP client and the registry client."""
