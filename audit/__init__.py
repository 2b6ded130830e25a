"""`audit`: replay production LLM traffic against cheaper tiers and report what was avoidable, with intervals."""

__version__ = "0.1.0"
