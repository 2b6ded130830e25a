"""Numbers in texts: what each is with everything that belongs to it, and when two of them are the same."""
