"""`audit recheck`: a new tier on the requests that a run has tuned on, and whether it is worth a full audit."""
