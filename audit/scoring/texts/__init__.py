"""What stands in an answer's text: its words, JSON in it, the value that is taken out, what takes that back."""
