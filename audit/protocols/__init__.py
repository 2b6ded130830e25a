"""Wire protocols as pure functions: what vendors send, in this program's words. Nothing here opens a socket."""

from audit.core.catalog import Catalog
from audit.protocols.protocol import Protocol

PROTOCOLS: Catalog[Protocol] = Catalog(
    kind="protocol",
    group="audit.protocols",
    package=__name__,
    constant="PROTOCOL",
    names=("openai_responses", "gemini", "bedrock_converse", "anthropic_messages", "cohere_chat", "openai_chat"),
    expects=Protocol,
)
"""In the order in which a logged body is held against them: what has words of its own first, and last the one that
most others began as."""
