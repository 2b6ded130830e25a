"""Traffic and a bill to a reconciliation: by period and model, with the causes that the figures bear out."""
