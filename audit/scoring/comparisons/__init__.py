"""How an answer's values and calls are held against those expected, for the scorers that share it."""
