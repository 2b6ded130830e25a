"""A user's own scorers, for the cases of `python`."""

import re

from audit.core.exchange import Completion, Exchange
from audit.core.outcome import NotApplicable


def long_enough(exchange: Exchange, completion: Completion) -> bool:
    """A bool."""
    return len(completion.text or "") > 2


def half(exchange: Exchange, completion: Completion) -> float:
    """A number."""
    return 0.5


def says_so(exchange: Exchange, completion: Completion) -> NotApplicable:
    """An outcome."""
    return NotApplicable(reason="because")


def raises(exchange: Exchange, completion: Completion) -> bool:
    """A bug."""
    raise KeyError(completion.text)


def nonsense(exchange: Exchange, completion: Completion) -> str:
    """What no function may return."""
    return "yes"


def sees_reference(exchange: Exchange, completion: Completion) -> bool:
    """The exchange carries the reference."""
    return completion.text == exchange.reference


def first_number(exchange: Exchange, completion: Completion) -> bool:
    """The first number of an answer is the first of today's; what follows is not read."""
    said, today = (re.search(r"\d+", one.text or "") for one in (completion, exchange.completion))
    return said is not None and today is not None and said[0] == today[0]
