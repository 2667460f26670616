"""What people and programs read of the state: each view is a noun that a page renders and the API encodes.

Every view takes the scope of who asks, and answers as if nothing else existed.
"""
