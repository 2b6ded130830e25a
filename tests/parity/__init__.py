"""The same assertions on the same answers, here and in promptfoo: `python -m tests.parity` prints what differs."""
