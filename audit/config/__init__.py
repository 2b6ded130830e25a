"""`audit.yaml`: how it is read."""
