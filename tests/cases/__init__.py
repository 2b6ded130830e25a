"""The inputs of `../shared/cases` that broke the product, run as data: `python -m tests.cases [family ...]`."""
