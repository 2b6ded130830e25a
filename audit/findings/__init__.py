"""Scores to findings: verdicts of routes with their intervals, dollars, counts, methods and evidence."""
