"""The three answers to a claim about a margin.

A failure to reject is no evidence of equality, so there are three answers, never two.
"""

from __future__ import annotations

from enum import StrEnum


class GateTest(StrEnum):
    """What the evidence says about a margin."""

    PASS = "pass"
    FAIL = "fail"
    INCONCLUSIVE = "inconclusive"
