"""A configuration of promptfoo taken over: its providers as tiers, its assertions as criteria, its tests as a gold set.

`reading.py` gathers what the file and the files that it names say; `providers.py`, `assertions.py` and `goldset.py`
each translate one part; `draft.py` writes `audit.yaml`. What cannot be taken over is named, with why.
"""
