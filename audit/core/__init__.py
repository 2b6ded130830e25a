"""Layer 0, the words: what every other room may say. No I/O but `artifacts`, no vendor's name."""
