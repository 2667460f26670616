"""The scanning service: what is in every image, what became unsafe since yesterday, and where it runs."""
