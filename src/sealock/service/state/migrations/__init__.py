"""Migrations of the service's database, forward and back."""
