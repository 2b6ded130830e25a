"""Whose code may run: criteria of type `python` are functions of the user's own, and run with all rights of the user.

A configuration that a person names has that person's word. One that a command found by itself (`audit.yaml` in a folder
that was cloned, the file that a plan or a run folder names) has not: its code runs once somebody has trusted it, and as
long as the files stay as they were. Modules that these files import are theirs to answer for.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping

from audit.core.artifacts import publish, write_json
from audit.core.errors import InputError
from audit.core.settings import Settings
from audit.documents import named_file
from audit.flow.places import trusted_file


def code_of(settings: Settings) -> dict[str, str]:
    """The user's code that scoring would run: SHA-256 by whole path.

    Raises:
        ConfigError: A file lies outside the configuration's folder.
        InputError: A file cannot be read.
    """
    found = {}
    for place in settings.code:
        path = named_file(place, settings.directory).resolve()
        try:
            found[str(path)] = hashlib.sha256(path.read_bytes()).hexdigest()
        except OSError as error:
            raise InputError(f"{path} cannot be read: {error.strerror}", code="trust.unreadable") from None
    return found


def trusted(environ: Mapping[str, str]) -> dict[str, str]:
    """The code that the user lets run: SHA-256 by path. A damaged list trusts nothing."""
    file = trusted_file(environ)
    if file is None:
        return {}
    try:
        kept = json.loads(file.read_bytes())
    except (OSError, ValueError, RecursionError):
        return {}
    return {path: str(digest) for path, digest in kept.items()} if isinstance(kept, dict) else {}


def untrusted(settings: Settings, environ: Mapping[str, str]) -> list[str]:
    """Paths of the code that nobody has trusted as it stands."""
    known = trusted(environ)
    return [path for path, digest in code_of(settings).items() if known.get(path) != digest]


def trust(settings: Settings, environ: Mapping[str, str]) -> list[str]:
    """Let the configuration's code run from now on, as it stands.

    Returns:
        Its paths; none where it has no code.

    Raises:
        InputError: There is no place to keep that.
    """
    code = code_of(settings)
    if code:
        _keep(trusted(environ) | code, environ)
    return list(code)


def forget(settings: Settings, environ: Mapping[str, str]) -> list[str]:
    """Take the trust back.

    Returns:
        Paths that were trusted, whatever stood in them.
    """
    known = trusted(environ)
    gone = [path for path in code_of(settings) if path in known]
    if gone:
        _keep({path: digest for path, digest in known.items() if path not in gone}, environ)
    return gone


def _keep(code: Mapping[str, str], environ: Mapping[str, str]) -> None:
    file = trusted_file(environ)
    if file is None:
        raise InputError(
            "there is no home folder to remember it in",
            code="trust.no-home",
            hint="set XDG_STATE_HOME, or name the configuration: --config FILE",
        )
    try:
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        write_json(file, dict(sorted(code.items())), write=publish)
    except OSError as error:
        raise InputError(f"{file} cannot be written: {error.strerror}", code="trust.not-kept") from None
