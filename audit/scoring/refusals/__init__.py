"""How models decline: in a sentence among others, and as a whole answer."""
