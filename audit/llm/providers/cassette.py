"""A tier whose completions were recorded before: `options: {path: folder}`, relative to `audit.yaml`."""

from __future__ import annotations

from pathlib import Path

from audit.core.errors import ConfigError, TerminalError
from audit.core.exchange import Completion, Request
from audit.core.tier import Tier
from audit.llm.cassette import Cassette
from audit.llm.provider import Answerer, LocalProvider


def open_tier(tier: Tier, directory: Path) -> Answerer:
    """Answer from the folder, by the tier's model.

    Raises:
        ConfigError: The tier names no folder, or not which of several recordings of its model.
        InputError: The folder is not there, or is damaged.
    """
    if not tier.options.get("path"):
        raise ConfigError(f"tier `{tier.name}` plays a cassette and needs `options.path`", code="config.cassette")
    cassette = Cassette(directory / str(tier.options["path"]), must_exist=True)

    known = cassette.identities(tier.model)
    recorded_as = str(tier.options.get("recorded_as", known[0] if len(known) == 1 else tier.answers_key))
    if len(known) > 1 and recorded_as not in known:
        raise ConfigError(
            f"tier `{tier.name}`: model `{tier.model}` was recorded with {len(known)} settings",
            code="config.cassette",
            notes=known,
            hint="name one of them: options: {recorded_as: ...}",
        )

    def answer(request: Request, repeat: int) -> Completion:
        recorded = cassette.get(recorded_as, request.request_fp, repeat)
        if recorded is None:
            raise TerminalError("the cassette has no recording of this request", kind="http_error")
        return recorded

    return answer


PROVIDER = LocalProvider(
    name="cassette",
    summary="Completions recorded by an earlier run",
    options=("path", "recorded_as"),
    open=open_tier,
    served_from="cassette",
)
