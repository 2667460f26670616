"""What the service knows: its tables, and the transactions that change and read them."""
