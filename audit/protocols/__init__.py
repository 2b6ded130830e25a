"""Wire protocols as pure functions: what vendors send, in this program's words. Nothing here opens a socket."""

from audit.core.catalog import Catalog
from audit.protocols.protocol import Protocol

PROTOCOLS: Catalog[Protocol] = Catalog(
    kind="protocol",
    group="audit.protocols",
    package=__name__,
    constant="PROTOCOL",
    names=("anthropic_messages", "bedrock_converse", "gemini", "openai_chat", "openai_responses"),
    expects=Protocol,
)
