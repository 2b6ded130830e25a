"""A run's evidence for somebody else: packed, checked, and worked out again from what the pack holds."""
