"""Traffic to slice: which exchanges are replayed, with known probabilities."""
