"""The grammar: what is read, and where a message points when it is not."""

import pytest

from audit.gate.rules import METRICS, OPERATORS, RuleProblem, parse_rule


@pytest.mark.parametrize(
    ("text", "metric", "op", "threshold", "tags"),
    [
        ("quality_delta{route:*} >= -2pt", "quality_delta", ">=", -0.02, {"route": "*"}),
        ("quality_delta>=-2pt", "quality_delta", ">=", -0.02, {}),
        (" mix { route : /x-* , tier : big } < −2 % ", "mix", "<", -0.02, {"route": "/x-*", "tier": "big"}),
        ("accept_rate{route:a:b} > 90%", "accept_rate", ">", 0.9, {"route": "a:b"}),
        ("avoidable_share < 20%", "avoidable_share", "<", 0.2, {}),
        ("avoidable_usd < $1,000", "avoidable_usd", "<", 1000.0, {}),
        ("cost_per_1k{route:chat-*} <= $15.00", "cost_per_1k", "<=", 15.0, {"route": "chat-*"}),
        ("mix{tier:large} < 80%", "mix", "<", 0.8, {"tier": "large"}),
        ("requests{tenant:a,model:m} >= 1_000n", "requests", ">=", 1000.0, {"tenant": "a", "model": "m"}),
        ("spend_usd <= $.5", "spend_usd", "<=", 0.5, {}),
        ("skipped_share <= 0.1%", "skipped_share", "<=", 0.001, {}),
    ],
)  # fmt: skip
def test_reads(text: str, metric: str, op: str, threshold: float, tags: dict[str, str]) -> None:
    """White space is free, a glob may hold a colon, a number may have separators and a Unicode minus."""
    rule = parse_rule(text)
    assert (rule.metric, rule.op, dict(rule.tags)) == (metric, op, tags)
    assert rule.threshold == pytest.approx(threshold)
    for tag, start in rule.places.items():
        assert text[start:].startswith(tags[tag])


@pytest.mark.parametrize(
    ("text", "code", "at"),
    [
        ("", "gate.rule", ""),
        ("quality_delta", "gate.rule", "quality_delta"),
        ("quality_delta{route:{x}} > 1pt", "gate.rule", "quality_delta{route:{x}} > 1pt"),
        ("qualty_delta >= -2pt", "gate.unknown-metric", "qualty_delta"),
        ("quality_delta >= -2", "gate.unit", "-2"),
        ("quality_delta >= -2%", "gate.unit", "-2%"),
        ("quality_delta >= $2", "gate.unit", "$2"),
        ("avoidable_usd < 20", "gate.unit", "20"),
        ("avoidable_usd < $20%", "gate.unit", "$20%"),
        ("avoidable_share < 250ms", "gate.unit", "250ms"),
        ("quality_delta == -2pt", "gate.operator", "=="),
        ("quality_delta != -2pt", "gate.operator", "!="),
        ("quality_delta =< -2pt", "gate.operator", "=<"),
        ("quality_delta >= two", "gate.number", "two"),
        ("quality_delta >= 1..2pt", "gate.number", "1..2pt"),
        ("quality_delta >=", "gate.number", ""),
        ("quality_delta >= -1e400pt", "gate.number", "-1e400pt"),
        ("change(spend_usd) <= 1e999%", "gate.number", "1e999%"),
        (f"requests >= -{'9' * 400}n", "gate.number", f"-{'9' * 400}n"),
        ("quality_delta{rout:x} >= -2pt", "gate.tag", "rout"),
        ("quality_delta{tenant:x} >= -2pt", "gate.tag", "tenant"),
        ("quality_delta{route} >= -2pt", "gate.tag", "route"),
        ("quality_delta{route:} >= -2pt", "gate.tag", "route:"),
        ("quality_delta{} >= -2pt", "gate.tag", "}"),
        ("quality_delta{route:a,route:b} >= -2pt", "gate.tag", "route"),
        ("skipped_share{route:x} < 1%", "gate.tag", "route"),
        ("mix < 80%", "gate.tag", "mix"),
        ("mix{tier:a,model:b} < 80%", "gate.tag", "b"),
        ("spend_usd{route:a,tenant:b} < $1", "gate.tag", "b"),
    ],
)
def test_refuses(text: str, code: str, at: str) -> None:
    """A rule that cannot be read is an error whose place is the part at fault."""
    with pytest.raises(RuleProblem) as caught:
        parse_rule(text)
    assert caught.value.code == code
    assert text[caught.value.start : caught.value.start + caught.value.width] == at
    assert caught.value.exit_code == 2


def test_a_missing_unit_says_which_one() -> None:
    """-2 could be two points or two per cent, and the message says how they differ."""
    with pytest.raises(RuleProblem) as caught:
        parse_rule("quality_delta >= -2")
    assert caught.value.hint == "write -2pt"
    assert "-2% would be relative to today's rate" in caught.value.notes[0]


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("op", OPERATORS)
def test_every_metric_reads_its_own_example(metric: str, op: str) -> None:
    """The example in a message is a rule that is read."""
    tags = "{model:*}" if METRICS[metric].needs else ""
    assert parse_rule(f"{metric}{tags} {op} {METRICS[metric].example}").metric == metric


@pytest.mark.parametrize(("op", "below", "at", "above"), [
    ("<", True, False, False), ("<=", True, True, False), (">", False, False, True), (">=", False, True, True),
])  # fmt: skip
def test_holds(op: str, below: bool, at: bool, above: bool) -> None:
    """A value that differs by rounding alone is the threshold."""
    rule = parse_rule(f"avoidable_share {op} 30%")
    assert [rule.holds(v) for v in (0.29, 0.1 + 0.2, 0.31)] == [below, at, above]
    assert [rule.holds(v) for v in (float("-inf"), float("inf"))] == [below, above]
