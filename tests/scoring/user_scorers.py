"""A user's own scorers, for the cases of `python`."""

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
