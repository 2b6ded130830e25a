"""Families of models, by their names."""

import pytest

from audit.core.families import family_of


@pytest.mark.parametrize(
    ("model", "family"),
    [
        ("gpt-4o-2024-05-13", "openai"),
        ("openai/o3-mini", "openai"),
        ("azure/chatgpt-4o-latest", "openai"),
        ("anthropic.claude-3-haiku-20240307-v1:0", "anthropic"),
        ("Meta-Llama-3.1-70B-Instruct", "meta"),
        ("gemini-1.5-flash-002", "google"),
        ("FuseChat-Gemma-2-9B-Instruct", "google"),
        ("Mistral-Nemo-Instruct-2407", "mistral"),
        ("deepseek-r1-distill-llama-70b", "meta"),
        ("acme-large-2", "acme"),
        ("acme/house-1", "house"),
    ],
)
def test_a_name_tells_the_family(model: str, family: str) -> None:
    """Whatever prefix stands before it; an unknown model is of its own first word."""
    assert family_of(model) == family
