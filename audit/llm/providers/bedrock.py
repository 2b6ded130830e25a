"""Amazon Bedrock's Converse. Calls are signed by botocore (the extra `bedrock`), or carry a
Bedrock API key where the tier names a variable for one.

`options.region` names the region, else `AWS_REGION` and the profile do. The address follows from it; a `base_url` of
the tier's own (a VPC endpoint) goes before.
https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any
from urllib.parse import quote, urlsplit

from audit.core.errors import ConfigError, install_command
from audit.core.exchange import Request
from audit.core.tier import Tier
from audit.llm.over_protocol import OPTIONS, base_of, body_of, classify, decoder, headers_of, post, streams
from audit.llm.provider import HttpCall, WireProvider
from audit.protocols.bedrock_converse import PROTOCOL

SERVICE = "bedrock"


def encode(request: Request, tier: Tier, key: str | None) -> HttpCall:
    """One POST to `{base_url}/model/{model}/converse`, or to `/converse-stream`, not signed yet."""
    body = body_of(request, tier, PROTOCOL)
    operation = "converse-stream" if streams(tier) else "converse"
    url = f"{base_of(tier)}/model/{quote(body.pop('modelId'), safe='')}/{operation}"
    return post(url, body, headers_of(tier, Authorization=f"Bearer {key}" if key else None))


def authorize(call: HttpCall, tier: Tier) -> HttpCall:
    """Signed with this machine's credentials, as of now: a signature is good for five minutes.

    Raises:
        ConfigError: botocore is not installed, or there are no credentials or no region.
    """
    if tier.api_key_env is not None:
        return call
    try:
        from botocore.auth import SigV4Auth
        from botocore.awsrequest import AWSRequest
    except ImportError:
        raise ConfigError(
            "provider `bedrock` needs botocore to sign its calls, or an API key in a variable that `api_key_env` names",
            code="config.extra",
            hint=install_command("botocore"),
        ) from None
    credentials = _session().get_credentials()
    if credentials is None:
        raise ConfigError(
            "no credentials of AWS are found on this machine",
            code="config.credentials",
            hint="aws configure, or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE",
        )
    request = AWSRequest(method=call.method, url=call.url, data=call.body, headers=dict(call.headers))
    SigV4Auth(credentials.get_frozen_credentials(), SERVICE, region_of(tier)).add_auth(request)
    return replace(call, headers=dict(request.headers.items()))


def region_of(tier: Tier) -> str:
    """The region: the tier's, the one in its address, or this machine's.

    Raises:
        ConfigError: Nobody names one.
    """
    parts = (urlsplit(tier.base_url or "").hostname or "").split(".")
    in_address = parts[1] if len(parts) > 2 and parts[0].startswith("bedrock-runtime") else None
    region = tier.options.get("region") or in_address or _session().get_config_variable("region")
    if not region:
        raise ConfigError(
            f"tier `{tier.name}` names no region", code="config.region", hint="options: {region: eu-central-1}"
        )
    return str(region)


@cache
def _session() -> Any:
    from botocore.session import Session

    return Session()


def probe(tier: Tier, key: str | None) -> HttpCall:
    """A call without messages, which the service refuses after it has looked at the signature; it is not billed."""
    url = f"{base_of(tier)}/model/{quote(tier.model, safe='')}/converse"
    return post(url, {"messages": []}, headers_of(tier, Authorization=f"Bearer {key}" if key else None))


def default_address(tier: Tier) -> str:
    """The region's own address."""
    return f"https://bedrock-runtime.{region_of(tier)}.amazonaws.com"


PROVIDER = WireProvider(
    name="bedrock",
    summary="Amazon Bedrock's Converse, signed with AWS credentials",
    options=(*OPTIONS, "region", "batch_bucket", "batch_role", "batch_least", "batch_url"),
    default_base_url=None,
    price_catalogue="aws",
    encode=encode,
    decode=decoder(PROTOCOL),
    classify=classify,
    probe=probe,
    authorize=authorize,
    address=default_address,
)
