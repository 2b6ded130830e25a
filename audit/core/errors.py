"""What can go wrong, in one tree. Libraries raise; only `cli/main.py` prints and picks the exit code.

AuditError                  exit 2: could not run
├── ConfigError             audit.yaml is wrong, with its place
├── InputError              a log or a file that a person named
├── UnknownName             a name that no catalog has
├── MissingPackage          an optional package that is not installed
├── MissingKey              an environment variable with a key
├── LineageError            an artefact made from other inputs
├── PlanStale               a saved plan whose inputs changed
├── PriceUnknown            spend without a price
├── ConsentRequired         money would be spent and nobody said yes
├── EndpointError           a tier did not answer as it should
│   ├── TransientError      may work when asked again: 429, 5xx, reset, time-out
│   └── TerminalError       will not: auth, unknown model, malformed request
├── Incomplete              exit 4: spend cap, failure rate, outage
└── Interrupted             exit 130 or 143
"""

from __future__ import annotations

import difflib
import shlex
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.util import find_spec
from itertools import accumulate
from pathlib import Path
from typing import Any, ClassVar

from audit.core.exchange import Usage


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where in a file a problem is: 1-based line and column, and the line's text for the excerpt."""

    file: str
    line: int | None = None
    column: int | None = None
    excerpt: str | None = None
    width: int = 1


class AuditError(Exception):
    """A problem a person can act on.

    Args:
        what: One sentence without a full stop; never contains a prompt or a completion.
        code: Stable dotted name, for example `config.unknown-key`.
        place: Where the problem is, if it is in a file.
        notes: Facts that explain it.
        hint: What to do next.
    """

    exit_code = 2
    default_code = "error"

    def __init__(
        self,
        what: str,
        *,
        code: str | None = None,
        place: Place | None = None,
        notes: Iterable[str] = (),
        hint: str | None = None,
    ) -> None:
        super().__init__(what)
        self.what = what
        self.code = code or self.default_code
        self.place = place
        self.notes = tuple(notes)
        self.hint = hint

    def __reduce__(self) -> tuple[Any, ...]:
        # A worker hands its error over as data; a class may be made from other things than its sentence.
        return _rebuilt, (type(self), self.args, self.__dict__)


def _rebuilt(kind: type[AuditError], args: tuple[Any, ...], state: dict[str, Any]) -> AuditError:
    error = kind.__new__(kind, *args)
    error.__dict__.update(state)
    return error


class ConfigError(AuditError):
    """`audit.yaml` is wrong. `problems` holds all of them; each is an error of its own."""

    default_code = "config"

    def __init__(self, what: str, *, problems: Iterable[AuditError] = (), **rest: object) -> None:
        super().__init__(what, **rest)  # type: ignore[arg-type]
        self.problems = tuple(problems)


class InputError(AuditError):
    """A log, a table or another file that a person named cannot be used."""

    default_code = "input"


class UnknownName(AuditError):
    """A name that no catalog has, with the nearest one that it does."""

    default_code = "name.unknown"

    ROOM: ClassVar[int] = 600
    """Characters of names that the error lists; of longer lists the first, and how many there are."""

    @classmethod
    def among(cls, kind: str, name: str, known: Iterable[str], *, place: Place | None = None) -> UnknownName:
        """Build the error for `name`, which is none of `known`."""
        names = sorted(known)
        near = nearest(name, names)
        ends = accumulate(len(known_name) + 2 for known_name in names)
        listed = names[: max(sum(end <= cls.ROOM for end in ends), 1)]
        more = f" and {len(names) - len(listed):,} more" if len(names) > len(listed) else ""
        return cls(
            f"unknown {kind}: `{name}`",
            code=f"{kind.replace(' ', '-')}.unknown",
            place=place,
            notes=[f"known: {', '.join(listed)}{more}"] if names else [],
            hint=f"did you mean `{near}`?" if near else None,
        )


class MissingPackage(AuditError):
    """An optional package that is not installed.

    Args:
        package: As the package index names it.
        extra: Of this tool, which has it.
        why: What needs it.
        beside: Packages that are needed with it, so that one command installs all.
    """

    default_code = "package.missing"

    def __init__(
        self, package: str, *, extra: str | None = None, why: str | None = None, beside: Iterable[str] = ()
    ) -> None:
        # Not `pip install audit[...]`: on the public index that name is somebody else's.
        notes = [why] if why else []
        notes += [f"it comes with the extra `{extra}` of this tool"] if extra else []
        install = " ".join(dict.fromkeys([package, *beside]))
        super().__init__(f"the package `{package}` is not installed", notes=notes, hint=install_command(install))


def install_command(packages: str) -> str:
    """The command that installs packages where this process looks for them: in its own environment, which need not be
    the one that `pip` of the shell writes to, and which may have no pip of its own.

    Args:
        packages: Separated by spaces.
    """
    home, here = Path(sys.prefix), Path.cwd()
    if "pipx" in home.parts:
        return f"pipx inject {home.name} {packages}"
    program = Path(sys.executable)
    if program.is_relative_to(here):
        program = program.relative_to(here)
    python = shlex.quote(str(program))
    if find_spec("pip") is None:
        return f"uv pip install --python {python} {packages}"
    return f"{python} -m pip install {packages}"


class MissingKey(AuditError):
    """An environment variable that a tier needs is not set."""

    default_code = "key.missing"

    def __init__(self, variable: str, tier: str) -> None:
        super().__init__(
            f"tier `{tier}` needs a key, and the environment variable {variable} is not set",
            hint=f"export {variable}=... and run the same command again",
        )


class LineageError(AuditError):
    """An artefact was made from other inputs than the ones at hand."""

    default_code = "lineage"


class PlanStale(AuditError):
    """A saved plan whose logs, configuration or prices have changed since."""

    default_code = "plan.stale"


class PriceUnknown(AuditError):
    """Spend or a tier without a price. Never read as $0."""

    default_code = "prices.missing"


class ConsentRequired(AuditError):
    """Money would be spent, and neither a saved plan, `--yes` nor a person at the prompt agreed."""

    default_code = "replay.consent"


class EndpointError(AuditError):
    """A tier did not answer as it should.

    Args:
        kind: What was wrong: a value of `protocols.faults.Fault`.
        status: The HTTP status, if there was one.
        retry_after_s: Wait that the endpoint asks for, in seconds.
        parameter: The parameter that it is about, where the endpoint names one.
        billed: Tokens that the endpoint counted for it all the same.
        certain: The reply itself says what it is about; False where its status alone does, which may be this request.

    Attributes:
        begun: An answer had begun when it failed: what was written of it may be on the bill.
    """

    default_code = "endpoint"

    def __init__(
        self,
        what: str,
        *,
        kind: str = "http_error",
        status: int | None = None,
        retry_after_s: float | None = None,
        parameter: str | None = None,
        billed: Usage | None = None,
        certain: bool = True,
        **rest: object,
    ) -> None:
        super().__init__(what, **rest)  # type: ignore[arg-type]
        self.kind = kind
        self.status = status
        self.retry_after_s = retry_after_s
        self.parameter = parameter
        self.billed = billed
        self.begun = False
        self.certain = certain


class TransientError(EndpointError):
    """May work when asked again: a rate limit, an overload, a reset, a time-out, a cut body."""


class TerminalError(EndpointError):
    """Will not work when asked again: authentication, an unknown model, a malformed request."""


class Incomplete(AuditError):
    """The run stopped before its plan was done: spend cap, failure rate, outage. What is done is kept."""

    exit_code = 4
    default_code = "replay.incomplete"


class Interrupted(AuditError):
    """A person or the system stopped the run. `exit_code` is 130 (SIGINT) or 143 (SIGTERM)."""

    default_code = "interrupted"

    def __init__(self, what: str = "interrupted", *, exit_code: int = 130, **rest: object) -> None:
        super().__init__(what, **rest)  # type: ignore[arg-type]
        self.exit_code = exit_code


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The known name most like `name`, or None when nothing is near."""
    matches = difflib.get_close_matches(name, list(known), n=1, cutoff=0.6)
    return matches[0] if matches else None
