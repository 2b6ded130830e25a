"""Replays to scores: what each route's criteria say of every completion, the incumbent's and the candidates' alike."""
