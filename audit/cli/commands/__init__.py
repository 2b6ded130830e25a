"""One command a file: parse, one call, print, exit."""
