"""Negative controls: the log's accepted answers, damaged on purpose, must not be accepted any more.

`answer.py` says which part of an answer a criterion looks at, `damages.py` has one function per way of damage, `run.py`
counts what is still accepted.
"""
