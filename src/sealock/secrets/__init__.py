"""Tells what is a secret: tokens by their shape, values by their name; and masks them. It opens nothing."""
