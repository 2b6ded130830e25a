"""Kinds of secrets, as data: what each looks like in the words of RE2, from its vendor's public description.

Every pattern is bounded in what it looks at before its value, and its value ends where its letters end, so that a text
is read once whatever stands in it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class SecretKind:
    """What one kind of secret looks like.

    Attributes:
        name: In the mask, `<secret:NAME>`.
        value: What is masked.
        before: What stands in front of it and stays; the character before that is no letter and no digit, unless
            `anywhere` says otherwise.
        after: What stands behind it and stays.
        digit: There is a digit in every real one, which tells it from words.
        random: Only a value that looks drawn at random is one: the words in front of it may mean anything.
        shape: The value alone shows what it is, so that it may stand in no configuration.
        hint: What every text with one has in it, where its value does not begin with enough letters.
    """

    name: str
    value: str
    before: str = ""
    after: str = ""
    digit: bool = True
    random: bool = False
    shape: bool = True
    anywhere: bool = False
    hint: str | None = None

    @property
    def pattern(self) -> str:
        """The whole of it; the value is its one group."""
        return f"{'' if self.anywhere else START}{self.before}({self.value}){self.after}"

    @property
    def groupless(self) -> str:
        """The same without a group: to tell which of many matched is faster on the match than within a text."""
        return f"{'' if self.anywhere else START}{self.before}(?:{self.value}){self.after}"

    @property
    def hints(self) -> str:
        """What every text with such a secret has in it, as a pattern that is cheap to look for."""
        if self.hint is not None:
            return self.hint
        return "|".join(_letters_of(value) for value in self.value.split("|"))


START = "(?:^|[^A-Za-z0-9])"
"""What stands in front of a secret: the beginning of a word would make it part of that."""


def _letters_of(value: str) -> str:
    """The letters that a value begins with, as its pattern says them."""
    found = re.match(r"(?:[A-Za-z0-9_/-]|\\\.)+", value)
    assert found is not None, f"{value} begins with no letters; give the kind a hint"
    assert len(found[0]) > 2, f"{value} begins with too few letters; give the kind a hint"
    return found[0]


_HEX = "[0-9a-f]"
_WORD = "[A-Za-z0-9]"
_LINE = "[A-Za-z0-9_-]"
_UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
_QUOTE = r"\\?[\"']?"
_PASSWORD = "(?i:passw|pwd|passphrase|passcode)"
_ASSIGNED = r"(?i:secret|token|credentials?|key)[\\\"']*\s*[=:]"
_IS = rf"{_QUOTE}\s{{0,99}}[=:]\s{{0,99}}{_QUOTE}"


def _kind(name: str, *values: str, hint: str | None = None) -> SecretKind:
    """A kind whose value has a form of its own."""
    return SecretKind(name=name, value="|".join(values), hint=hint)


_KEYS = (
    SecretKind(
        name="private-key",
        value=r"-----BEGIN [A-Z0-9 ]{0,30}PRIVATE KEY(?: BLOCK)?-----",
        digit=False,
        hint="PRIVATE KEY",
    ),
    _kind("age-key", r"AGE-SECRET-KEY-1[0-9A-Z]{58}"),
    _kind("jwt", r"eyJ[A-Za-z0-9_-]{8,1000}\.eyJ[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]*)?"),
)

_MODELS = (
    _kind("api-key", r"sk-[A-Za-z0-9_-]{16,}"),
    _kind("langfuse-key", rf"pk-lf-{_UUID}"),
    _kind("groq-key", rf"gsk_{_WORD}{{40,}}"),
    _kind("xai-key", rf"xai-{_WORD}{{40,}}"),
    _kind("perplexity-key", rf"pplx-{_WORD}{{32,}}"),
    _kind("replicate-token", rf"r8_{_WORD}{{30,}}", hint=r"r8_"),
    _kind("fireworks-key", rf"fw_{_WORD}{{20,}}", hint=r"fw_"),
    _kind("together-key", rf"tgp_v1_{_LINE}{{40,}}"),
    _kind("nvidia-key", rf"nvapi-{_LINE}{{40,}}"),
    _kind("cerebras-key", rf"csk-{_WORD}{{40,}}"),
    _kind("langsmith-key", rf"lsv2_(?:pt|sk)_{_HEX}{{32}}_{_HEX}{{10}}", hint=r"lsv2_"),
    _kind("pinecone-key", r"pcsk_[A-Za-z0-9_]{50,}"),
    _kind("elevenlabs-key", rf"sk_{_HEX}{{48}}", hint=r"sk_[0-9a-f]{8}"),
    _kind("tavily-key", rf"tvly-{_LINE}{{20,}}"),
    _kind("token", rf"hf_{_WORD}{{30,}}", rf"api_org_{_WORD}{{30,}}", rf"glpat-{_LINE}{{20,}}"),
)

_CLOUDS = (
    _kind("aws-key", r"(?:AKIA|ASIA|ABIA|ACCA)[0-9A-Z]{16}\b", hint=r"AKIA|ASIA|ABIA|ACCA"),
    _kind("bedrock-key", r"ABSK[A-Za-z0-9+/]{100,}={0,2}", r"bedrock-api-key-[A-Za-z0-9+/=]{50,}"),
    _kind("google-key", r"AIza[0-9A-Za-z_-]{35}"),
    _kind("google-token", r"ya29\.[A-Za-z0-9_-]{20,}"),
    _kind("google-secret", r"GOCSPX-[A-Za-z0-9_-]{28}"),
    _kind("google-refresh", r"1//0[A-Za-z0-9_-]{30,}", hint=r"1//0[A-Za-z0-9_-]"),
    _kind("azure-secret", r"[A-Za-z0-9_~.]{3}[0-9]Q~[A-Za-z0-9_~.-]{31,34}", hint=r"Q~"),
    _kind("alibaba-key", r"LTAI[A-Za-z0-9]{12,20}\b"),
    _kind("tencent-key", r"AKID[A-Za-z0-9]{32}\b"),
    _kind("yandex-key", r"AQVN[A-Za-z0-9_-]{35,}"),
    _kind("digitalocean-token", rf"do[opr]_v1_{_HEX}{{64}}", hint=r"do[opr]_v1_"),
    _kind("heroku-key", r"HRKU-[A-Za-z0-9_-]{36,}"),
    _kind("fly-token", r"fo1_[A-Za-z0-9_-]{43}", r"fm[12][ar]?_[A-Za-z0-9+/=_-]{60,}", hint=r"fo1_|fm[12][ar]?_"),
    _kind("netlify-token", rf"nfp_{_WORD}{{36,}}"),
    _kind("cloudflare-key", rf"v1\.0-{_HEX}{{24}}-{_HEX}{{146}}"),
    _kind("supabase-key", rf"sbp_{_HEX}{{40}}", r"sb_secret_[A-Za-z0-9_-]{20,}"),
    _kind("planetscale-token", r"pscale_(?:tkn|oauth|pw)_[A-Za-z0-9_.=-]{32,}", hint=r"pscale_"),
    _kind("databricks-token", rf"dapi{_HEX}{{32}}"),
    _kind("vault-token", r"hv[sbr]\.[A-Za-z0-9_-]{24,}", hint=r"hv[sbr]\."),
    _kind("terraform-token", r"[A-Za-z0-9]{14}\.atlasv1\.[A-Za-z0-9_=-]{60,}", hint=r"\.atlasv1\."),
    _kind("pulumi-token", rf"pul-{_HEX}{{40}}"),
    _kind(
        "doppler-token",
        r"dp\.(?:pt|st|ct|sa|scim|audit)\.[A-Za-z0-9_.-]{40,}",
        hint=r"dp\.(?:pt|st|ct|sa|scim|audit)\.",
    ),
    _kind("onepassword-token", r"ops_eyJ[A-Za-z0-9+/=_-]{100,}"),
)

_CODE = (
    _kind(
        "github-token", r"gh[pousr]_[A-Za-z0-9]{30,}", r"github_pat_[A-Za-z0-9_]{22,}", hint=r"gh[pousr]_|github_pat_"
    ),
    _kind(
        "gitlab-token",
        rf"gl(?:dt|ptt|rt|soat|ffct|ft|agent|oas|cbt|imt)-{_LINE}{{20,}}",
        hint=r"gl(?:dt|ptt|rt|soat|ffct|ft|agent|oas|cbt|imt)-",
    ),
    _kind("atlassian-token", r"AT[AC]TT3[A-Za-z0-9_=-]{50,}", r"ATBB[A-Za-z0-9]{32}\b", hint=r"AT[AC]TT3|ATBB"),
    _kind("npm-token", rf"npm_{_WORD}{{36}}"),
    _kind("pypi-token", r"pypi-[A-Za-z0-9_-]{50,}"),
    _kind("rubygems-key", rf"rubygems_{_HEX}{{48}}"),
    _kind("crates-token", rf"cio{_WORD}{{32}}\b", hint=r"cio[A-Za-z0-9]{8}"),
    _kind("nuget-key", r"oy2[a-z0-9]{43}\b", hint=r"oy2[a-z0-9]"),
    _kind("clojars-token", r"CLOJARS_[a-z0-9]{60}"),
    _kind("docker-token", r"dckr_(?:pat|oat)_[A-Za-z0-9_-]{27,}", hint=r"dckr_"),
    _kind("artifactory-key", rf"AKCp{_WORD}{{69}}"),
    _kind("postman-key", rf"PMAK-{_HEX}{{24}}-{_HEX}{{34}}"),
    _kind("linear-key", rf"lin_(?:api|oauth)_{_WORD}{{40,}}", hint=r"lin_(?:api|oauth)_"),
    _kind("figma-token", r"fig[dou]r?_[A-Za-z0-9_-]{38,}", hint=r"fig[dou]r?_"),
    _kind("contentful-token", r"CFPAT-[A-Za-z0-9_-]{43}"),
    _kind("readme-key", r"rdme_[a-z0-9]{70}"),
    _kind("prefect-key", rf"pn[ub]_{_WORD}{{36}}", hint=r"pn[ub]_"),
    _kind("infracost-key", rf"ico-{_WORD}{{32}}"),
    _kind("adafruit-key", rf"aio_{_WORD}{{28}}"),
)

_WATCHING = (
    _kind("grafana-token", r"glc_[A-Za-z0-9+/=]{32,}", rf"glsa_{_WORD}{{32}}_[0-9a-fA-F]{{8}}"),
    _kind("newrelic-key", r"NRAK-[A-Z0-9]{27}", r"NRII-[A-Za-z0-9_-]{32}"),
    _kind("sentry-token", r"sntrys_[A-Za-z0-9+/=_-]{40,}", rf"sntryu_{_HEX}{{64}}"),
    _kind("dynatrace-token", r"dt0[a-z][0-9]{2}\.[A-Z0-9]{24}\.[A-Z0-9]{64}", hint=r"dt0[a-z][0-9]{2}\."),
    _kind("posthog-key", rf"ph[cx]_{_WORD}{{40,}}", hint=r"ph[cx]_"),
)

_TALKING = (
    _kind(
        "slack-token",
        r"xox[abeoprs]-[A-Za-z0-9-]{10,}",
        r"xapp-[0-9]-[A-Z0-9]{5,20}-[0-9]{5,20}-[a-z0-9]{30,}",
        hint=r"xox[abeoprs]-|xapp-",
    ),
    SecretKind(
        name="slack-webhook",
        before=r"(?i:hooks\.slack\.com)/(?:services|workflows|triggers)/",
        value=r"[A-Za-z0-9_/]{30,}",
        hint=r"(?i:hooks\.slack)",
    ),
    SecretKind(
        name="discord-webhook",
        before=r"(?i:discord(?:app)?\.com)/api/webhooks/[0-9]{10,25}/",
        value=r"[A-Za-z0-9_-]{50,}",
        hint=r"(?i:api/webhooks)",
    ),
    SecretKind(
        name="teams-webhook",
        before=r"(?i:webhook\.office\.com)/webhookb2/",
        value=r"[A-Za-z0-9@/_-]{60,}",
        hint=r"(?i:webhook\.office)",
    ),
    _kind(
        "discord-token",
        r"[MNO][A-Za-z0-9_-]{23,25}\.[A-Za-z0-9_-]{6}\.[A-Za-z0-9_-]{27,}",
        hint=r"\.[A-Za-z0-9_-]{6}\.[A-Za-z0-9_-]{20}",
    ),
    _kind("telegram-token", r"[0-9]{8,10}:AA[A-Za-z0-9_-]{33}", hint=r":AA[A-Za-z0-9_-]"),
    _kind("sendgrid-key", r"SG\.[A-Za-z0-9_-]{22}\.[A-Za-z0-9_-]{43}"),
    _kind("mailgun-key", rf"key-{_HEX}{{32}}\b"),
    _kind("mailchimp-key", rf"{_HEX}{{32}}-us[0-9]{{1,2}}\b", hint=r"-us[0-9]"),
    _kind("brevo-key", rf"xkeysib-{_HEX}{{64}}-{_WORD}{{16}}"),
    _kind("twilio-key", rf"SK{_HEX}{{32}}\b", hint=r"SK[0-9a-f]{8}"),
    _kind("notion-token", rf"secret_{_WORD}{{43}}\b", rf"ntn_{_WORD}{{40,}}"),
    _kind("airtable-token", rf"pat{_WORD}{{14}}\.{_HEX}{{64}}", hint=r"pat[A-Za-z0-9]{14}\."),
    _kind("asana-token", rf"[0-9]/[0-9]{{10,20}}(?:/[0-9]{{10,20}})?:{_HEX}{{32}}\b", hint=r":[0-9a-f]{16}"),
    _kind("typeform-token", r"tfp_[A-Za-z0-9_.=-]{50,}"),
    _kind("hubspot-token", rf"pat-(?:na|eu|ap)[0-9]-{_UUID}", hint=r"pat-(?:na|eu|ap)[0-9]-"),
    _kind("frameio-token", r"fio-u-[A-Za-z0-9_=-]{60,}"),
)

_PAYING = (
    _kind("api-key", rf"(?:sk|rk|pk)_(?:live|test)_{_WORD}{{10,}}", hint=r"[srp]k_(?:live|test)_"),
    _kind("stripe-webhook", r"whsec_[A-Za-z0-9+/=]{24,}"),
    _kind("square-token", r"sq0[a-z]{3}-[A-Za-z0-9_-]{22,43}", r"EAAA[A-Za-z0-9_-]{60}", hint=r"sq0[a-z]{3}-|EAAA"),
    _kind("facebook-token", rf"EAA{_WORD}{{80,}}"),
    _kind("shopify-token", r"shp(?:at|ca|pa|ss)_[0-9a-fA-F]{32}", hint=r"shp(?:at|ca|pa|ss)_"),
    _kind("razorpay-key", rf"rzp_(?:live|test)_{_WORD}{{14}}", hint=r"rzp_"),
    _kind(
        "paypal-token", rf"access_token\$(?:production|sandbox)\$[0-9a-z]{{16}}\${_HEX}{{32}}", hint=r"access_token[$]"
    ),
    _kind("easypost-key", rf"EZ[AT]K{_WORD}{{54}}", hint=r"EZ[AT]K"),
    _kind("duffel-token", r"duffel_(?:test|live)_[A-Za-z0-9_=-]{43}", hint=r"duffel_"),
)

_BESIDE_WORDS = (
    SecretKind(name="bearer", before=r"(?i:bearer)\s{1,99}", value=r"[A-Za-z0-9._~+/=-]{16,}", hint=r"(?i:bearer)\s"),
    SecretKind(
        name="basic",
        before=rf"(?i:authorization){_IS}(?i:basic)\s{{1,9}}",
        value=r"[A-Za-z0-9+/]{12,}={0,2}",
        hint=r"(?i:basic)\s",
    ),
    SecretKind(name="okta-token", before=r"(?i:ssws)\s{1,9}", value=r"00[A-Za-z0-9_-]{20,}", hint="(?i:ssws)"),
    SecretKind(
        name="url-password",
        before=r"[A-Za-z][A-Za-z0-9+.-]{1,20}://[^\s:@/\"']{0,80}:",
        value=r"[^\s@/\"']{1,200}",
        after="@",
        digit=False,
        hint=r"://[^\s:@/\"']*:[^\s@/\"']+@",
    ),
    SecretKind(
        name="url-key",
        before=r"[?&](?i:api[_-]?key|key|access[_-]?token|auth[_-]?token|token|sig|signature|secret|password)=",
        value=r"[A-Za-z0-9%._~+/=-]{16,}",
        anywhere=True,
        hint=r"[?&](?i:api[_-]?key|key|access[_-]?token|auth[_-]?token|token|sig|signature|secret|password)=",
    ),
    SecretKind(
        name="password",
        before=rf"(?i:password|passwd|pwd|passphrase){_QUOTE}\s{{0,99}}=\s{{0,99}}{_QUOTE}",
        value=r"[^\s\"',;&<>{}$%()\\]{4,}",
        digit=False,
        shape=False,
        hint=_PASSWORD,
    ),
    SecretKind(
        name="password",
        before=rf"(?i:password|passwd|pwd|passphrase){_QUOTE}\s{{0,99}}:\s{{0,99}}{_QUOTE}",
        value=r"[^\s\"',;&<>{}$%()\\]{6,}",
        shape=False,
        hint=_PASSWORD,
    ),
    SecretKind(
        name="api-key",
        before=rf"(?i:api[_-]?key|secret[_-]?key|client[_-]?secret|access[_-]?key|account[_-]?key|auth[_-]?token){_IS}",
        value=r"[A-Za-z0-9_+/.=-]{16,}",
        shape=False,
        hint=_ASSIGNED,
    ),
    SecretKind(
        name="api-key",
        before=r"(?i:secret|token|(?:access|refresh|session|auth|bot|id)token|credentials?"
        rf"|(?:api|access|private|signing|encryption|master|license|account)[_ -]key){_IS}",
        value=r"[A-Za-z0-9_+/.=~!@#^*-]{12,}",
        random=True,
        shape=False,
        hint=_ASSIGNED,
    ),
    SecretKind(
        name="password",
        before=r"(?i:password|passwd|passcode|passphrase)\s{1,9}(?i:is|was|to)\s{1,9}[\"'`]?",
        value=r"[^\s\"'`,;<>{}()\\]{6,}",
        random=True,
        shape=False,
        hint=_PASSWORD,
    ),
    SecretKind(
        name="api-key",
        before=r"(?i:api[_ -]?key|token|secret)\s{1,9}(?i:is|was)\s{1,9}[\"'`]?",
        value=r"[A-Za-z0-9_+/.=~-]{12,}",
        random=True,
        shape=False,
        hint=r"(?i:key|token|secret)\s+(?i:is|was)\s",
    ),
)

SECRET_KINDS = (*_KEYS, *_MODELS, *_CLOUDS, *_CODE, *_WATCHING, *_TALKING, *_PAYING, *_BESIDE_WORDS)
"""In the order in which they are tried at one place of a text."""
