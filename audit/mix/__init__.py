"""Traffic to the model mix: who was asked what, how often, for how much, and how that moved."""
