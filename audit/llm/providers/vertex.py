"""Gemini on Google's Vertex AI: the same bodies at a project's address, for a token of Google's own.

`base_url` names the project and the place:
`https://LOCATION-aiplatform.googleapis.com/v1/projects/PROJECT/locations/LOCATION/publishers/google`. A token comes
from the variable that `api_key_env` names, else from google-auth and whatever credentials this machine has (an extra:
extra `vertex`).
https://cloud.google.com/vertex-ai/generative-ai/docs/model-reference/inference
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any

from audit.core.errors import ConfigError, TransientError, install_command
from audit.core.exchange import Request
from audit.core.tier import Tier
from audit.llm.over_protocol import OPTIONS, base_of, body_of, classify, decoder, headers_of, post
from audit.llm.provider import HttpCall, WireProvider
from audit.llm.providers.gemini import address
from audit.protocols.gemini import PROTOCOL

SCOPE = "https://www.googleapis.com/auth/cloud-platform"


def encode(request: Request, tier: Tier, key: str | None) -> HttpCall:
    """One POST to `{base_url}/models/{model}:generateContent`."""
    body = body_of(request, tier, PROTOCOL)
    token = f"Bearer {key}" if key else None
    return post(address(tier, body.pop("model")), body, headers_of(tier, Authorization=token))


def authorize(call: HttpCall, tier: Tier) -> HttpCall:
    """With a token that is fresh now, where the tier names no variable for one."""
    if tier.api_key_env is not None:
        return call
    return replace(call, headers={**call.headers, "Authorization": f"Bearer {token()}"})


def token() -> str:
    """An access token of this machine's credentials, renewed when it is about to expire.

    Raises:
        ConfigError: google-auth is not installed, or there are no credentials.
        TransientError: Google gave no token.
    """
    try:
        from google.auth.exceptions import DefaultCredentialsError, GoogleAuthError
        from google.auth.transport.requests import Request as Transport
    except ImportError:
        raise ConfigError(
            "provider `vertex` needs google-auth, or a token in a variable that `api_key_env` names",
            code="config.extra",
            hint=install_command("google-auth[requests]"),
        ) from None
    try:
        credentials = _credentials()
        if not credentials.valid:
            credentials.refresh(Transport())
    except DefaultCredentialsError:
        raise ConfigError(
            "no credentials of Google Cloud are found on this machine",
            code="config.credentials",
            hint="gcloud auth application-default login, or name a service account's file in "
            "GOOGLE_APPLICATION_CREDENTIALS",
        ) from None
    except GoogleAuthError:
        raise TransientError("Google gave no access token", kind="connect") from None
    return str(credentials.token)


@cache
def _credentials() -> Any:
    import google.auth

    return google.auth.default(scopes=[SCOPE])[0]


def probe(tier: Tier, key: str | None) -> HttpCall:
    """A look at the model, which is not billed."""
    token_ = f"Bearer {key}" if key else None
    url = f"{base_of(tier)}/models/{tier.model}"
    return HttpCall(method="GET", url=url, headers=headers_of(tier, Authorization=token_))


PROVIDER = WireProvider(
    name="vertex",
    summary="Gemini on Google's Vertex AI, with Google Cloud's credentials",
    options=OPTIONS,
    default_base_url=None,
    price_catalogue="google",
    encode=encode,
    decode=decoder(PROTOCOL),
    classify=classify,
    probe=probe,
    authorize=authorize,
)
