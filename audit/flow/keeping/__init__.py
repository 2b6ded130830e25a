"""What runs leave for later ones in the store, and what they take from it."""
