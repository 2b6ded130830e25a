"""`audit.yaml`: how it is read, and where in it a value stands."""
