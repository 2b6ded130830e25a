"""The gate's decision as Markdown for a pull request: one comment that is found again by its marker and edited.

GitHub refuses a comment above 65,536 characters, so the text stays below 60,000, whatever the number of routes.
No prompt and no completion is in it; names of routes are untrusted text too.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from audit.core.criteria import split_by_grade
from audit.core.display import MINUS, count, ends_apart, percent, plural, usd, usd_between, visible
from audit.core.finding import Findings
from audit.gate.decide import Check, GateDecision, RuleResult, State, interval_text
from audit.gate.text import SIGN, UNPROVEN, p_text, word

LIMIT = 60_000
ROWS = 20
LONGEST_NAME = 80
DETAILS_BUDGET = 36_000
"""Characters for the folded table; the rest of the comment has a bounded size."""

JUDGED = (
    "A rule passes when its whole {level} interval satisfies it, fails when none of the interval does, and is "
    "inconclusive otherwise."
)
WATCHED = (
    "Quality is watched by an e-process over every window since the policy was made, which may be looked at as often "
    "as wanted; the other rules compare the log and the configuration with the policy's evidence."
)

_TEMPLATE = "gate.md.j2"


def markdown(decision: GateDecision, findings: Findings | None, *, name: str = "gate") -> str:
    """Render the comment.

    Args:
        decision: Of `judge`.
        findings: That were judged, for the spend line; None where a policy was, which has none.
        name: Of the gate, in the marker, so that two gates on one pull request have two comments.
    """
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    # Markdown, not HTML: what is a stranger's passes through `code`, which leaves nothing for a renderer to obey.
    environment = Environment(
        loader=FileSystemLoader(template_folder()),
        undefined=StrictUndefined,
        autoescape=False,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    return environment.get_template(_TEMPLATE).render(view(decision, findings, name=name))


def template_folder() -> Path:
    """Folder of the templates: inside the package when installed, beside it in a checkout."""
    package = Path(__file__).parents[1]
    installed = package / "_templates"
    return installed if installed.is_dir() else package.parent / "reports" / "templates"


def view(decision: GateDecision, findings: Findings | None, *, name: str) -> dict[str, Any]:
    """Everything the template places, as ready text."""
    ranked = sorted(
        ((rule, check) for rule in decision.rules for check in rule.checks),
        key=lambda pair: list(State).index(pair[1].state),
    )
    rows = [_row(rule, check) for rule, check in ranked]
    folded, left_out = _within(rows[ROWS:], DETAILS_BUDGET)
    return {
        "marker": re.sub(r"[^\w.]+", "-", name),
        "headline": _headline(decision),
        "change": None if decision.change is None else f"**{decision.change.line}** {decision.change.against}",
        "notices": _notices(decision),
        "spend": None if findings is None else _spend(findings),
        "rows": rows[:ROWS],
        "folded": folded,
        "left_out": left_out,
        "rules": [_rule(rule) for rule in decision.rules[:ROWS]],
        "rules_left_out": max(len(decision.rules) - ROWS, 0),
        "how": WATCHED if findings is None else JUDGED.format(level=percent(findings.confidence)),
        "run_id": decision.run_id,
    }


def inert(text: str) -> str:
    """Untrusted text on one line, with nothing left that a Markdown renderer would obey.

    GitHub renders `@name`, `#1` and bare addresses as links even where the characters are written as entities, so a
    zero-width space breaks them up; the rest has a look-alike.
    """
    plain = " ".join(visible(text).split())
    if len(plain) > LONGEST_NAME:
        plain = plain[: LONGEST_NAME - 1] + "…"
    for sign in ("@", "#", ":", "www"):
        plain = plain.replace(sign, f"{sign}\u200b")
    return plain.translate(str.maketrans("`<>|[]*_~\\&", "ˋ‹›¦⟦⟧∗ˍ∼⧵＆"))


def code(text: str) -> str:
    """A stranger's name as a code span, which shows most of it as it is: only what ends the span or a cell changes."""
    plain = " ".join(visible(text).split())
    if len(plain) > LONGEST_NAME:
        plain = plain[: LONGEST_NAME - 1] + "…"
    plain = plain.translate(str.maketrans("`<>|", "ˋ‹›¦")).replace("@", "@\u200b").replace("##[", "## [")
    return f"`{plain}`" if plain else "`(no name)`"


def written(text: str) -> str:
    """A rule or its name, from the configuration, as a code span that ends where it should."""
    plain = " ".join(visible(text).split())[: 2 * LONGEST_NAME]
    return f"`{plain.translate(str.maketrans('`|', 'ˋ¦'))}`"


def _headline(decision: GateDecision) -> str:
    number = decision.counts
    total, holding = sum(number.values()), number[State.PASS]
    parts = [f"{count(holding)} of {plural(total, 'check')} {'holds' if total == 1 else 'hold'}"]
    if total > 1 and holding == total:
        parts = [f"All {count(total)} checks hold"]
    if number[State.FAIL]:
        parts.append(f"{count(number[State.FAIL])} {'fails' if number[State.FAIL] == 1 else 'fail'}")
    if number[State.INCONCLUSIVE]:
        parts.append(f"{count(number[State.INCONCLUSIVE])} cannot be decided")
    if decision.warnings:
        parts.append(plural(decision.warnings, "warning"))
    return f"{word(decision).lower()}. {', '.join(parts)}."


def _notices(decision: GateDecision) -> list[str]:
    notices = []
    if decision.demo:
        notices.append("**Demo:** bundled data; these figures describe no real company.")
    if decision.simulated:
        shown = ", ".join(code(tier) for tier in decision.simulated[:ROWS])
        notices.append(f"**Simulated** completions: {shown}.")
    if decision.nothing_proven:
        notices.append(UNPROVEN)
    if not decision.complete:
        notices.append("The replay did not run to the end of its plan, so there is no verdict.")
    return notices


def _spend(findings: Findings) -> str | None:
    """`Spend per 1k requests $13.26 → $7.39 (−44%, 95% −46% to −42%).`, with the verdicts followed."""
    was = findings.mix.total.cost_per_1k_usd
    if not findings.tested or not was:
        return None
    share = findings.avoidable_share
    text = f"Spend per 1k requests **{usd(was)} → {usd(was * (1 - share.est))}** ({_cut(share.est)}"
    if share.lo is not None and share.hi is not None and share.lo != share.hi:
        most, least = ends_apart(share.hi, share.lo, _cut, range(4))
        text += f", {percent(share.level)} interval {most} to {least}"
    proven = f" Avoidable, proven: {split}." if (split := split_by_grade(findings.avoidable_by_grade)) else ""
    cost = usd_between(findings.replay_cost_usd, findings.replay_cost_at_most_usd)
    return f"{text}) if the verdicts are followed.{proven} The audit cost {cost}."


def _cut(share: float, digits: int = 0) -> str:
    text = percent(abs(share), digits)
    return text if not float(text[:-1]) else (MINUS if share > 0 else "+") + text


def _row(rule: RuleResult, check: Check) -> dict[str, str]:
    subject = code(check.subject) + (f" → {code(check.tier)}" if check.tier else "")
    basis = [f"{count(check.n)} pairs"] if check.n is not None else []
    if check.p_holm is not None and check.state is not State.PASS:
        basis.append(f"Holm {p_text(check.p_holm)}")
    return {
        "sign": SIGN[check.state],
        "subject": subject,
        "rule": written(rule.name),
        "value": interval_text(check.value, check.unit) if check.value else "–",
        # A reason may quote the name of a model or of a tier.
        "why": "; ".join([*basis, *([inert(check.reason)] if check.reason else [])]),
    }


def _rule(rule: RuleResult) -> dict[str, str]:
    warns = ", warns only" if rule.level == "warn" else ""
    name = "" if rule.name == rule.when else f"{written(rule.name)}: "
    return {"name": name, "when": written(rule.when), "state": rule.state.value + warns}


def _within(rows: Sequence[dict[str, str]], budget: int) -> tuple[list[dict[str, str]], int]:
    """As many rows as fit into `budget` characters, and how many do not."""
    kept: list[dict[str, str]] = []
    for row in rows:
        budget -= sum(len(text) for text in row.values()) + 20
        if budget < 0:
            break
        kept.append(row)
    return kept, len(rows) - len(kept)
