"""What commands print: one document a file, as lines, tables or JSON."""
