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
        ConfigError: The tier names no folder.
        InputError: The folder is not there, or is damaged.
    """
    if not tier.options.get("path"):
        raise ConfigError(f"tier `{tier.name}` plays a cassette and needs `options.path`", code="config.cassette")
    cassette = Cassette(directory / str(tier.options["path"]), must_exist=True)

    def answer(request: Request, repeat: int) -> Completion:
        recorded = cassette.get(tier.model, request.request_fp, repeat)
        if recorded is None:
            raise TerminalError("the cassette has no recording of this request", kind="http_error")
        return recorded

    return answer


PROVIDER = LocalProvider(
    name="cassette",
    summary="Completions recorded by an earlier run",
    options=("path",),
    open=open_tier,
    served_from="cassette",
)
