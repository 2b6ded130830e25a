"""The gate: rules over findings, and what a decision is written as."""

FORMATS = ("text", "json", "markdown", "junit", "github")
"""What a decision can be written as."""
