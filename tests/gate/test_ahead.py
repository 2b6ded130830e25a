"""What the gate will refuse is known from the plan."""

import pytest

from audit.core.errors import AuditError
from audit.core.settings import Settings
from audit.gate.ahead import refused_ahead
from audit.gate.decide import judge, with_names
from tests.cli.test_prints import plan
from tests.gate.world import example

FITS = [
    "quality_delta{route:*} >= -3pt",
    "mix{model:whatever} < 80%",
    "requests{tenant:acme} >= 1n",
    "skipped_share <= 1%",
]


def settings(*rules: str) -> Settings:
    """A configuration with a tier and a gate."""
    tier = {"name": "mini", "model": "m", "provider": "openai"}
    return Settings.model_validate({"tiers": [tier], "gate": [{"when": rule} for rule in rules]})


def test_what_a_plan_knows_is_told_before_anything_is_paid() -> None:
    """Routes and tiers that are not there, with what the gate says of them and the nearest name."""
    quoted = plan()
    name = quoted.designs[0].route
    told = refused_ahead(quoted, settings(*FITS, f"quality_delta{{route:{name}x}} >= -3pt", "mix{tier:minni} < 80%"))
    assert [said.count("did you mean") for said in told] == [1, 1]
    assert f"no route matches `{name}x`; did you mean `{name}`?" in told[0]
    assert "no tier matches `minni`; did you mean `mini`?" in told[1]


@pytest.mark.parametrize("rule", ["spend_usd{route:nobody} >= $1", "quality_delta{route:nobody-*} >= -3pt"])
def test_it_is_what_the_gate_refuses(rule: str) -> None:
    """One sentence at both ends of a replay."""
    with pytest.raises(AuditError) as refused:
        judge(example(), with_names([rule]))
    (told,) = refused_ahead(plan(), settings(rule))
    assert refused.value.what in told
