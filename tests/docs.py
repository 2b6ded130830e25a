"""Fill the generated parts of the documents, or check that they are in date: `python -m tests.docs [--check]`.

A generated part stands between `<!-- generated: NAME -->` and `<!-- end -->`. What can rot is made from the code.
"""

from __future__ import annotations

import re
import sys
import textwrap
from collections.abc import Callable, Mapping
from pathlib import Path

from audit.core.catalog import Catalog
from tests.documents import DOCUMENTS, GUIDES, PAGES, ROOT

PART = re.compile(r"(<!-- generated: ([a-z ]+) -->\n).*?(<!-- end -->)", re.DOTALL)


def table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    """A Markdown table."""
    lines = [head, tuple("---" for _ in head), *rows]
    return "".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |\n" for line in lines)


def first_sentence(text: str) -> str:
    """The first sentence of a docstring or summary, without its full stop."""
    return re.split(r"\.(?:\s|$)", " ".join(text.split()), maxsplit=1)[0]


def catalog(adapters: Catalog) -> str:
    """One row per adapter of a catalog."""
    rows = [(f"`{name}`", first_sentence(adapters.get(name).summary)) for name in adapters.names]
    return table((adapters.kind, "what it is"), rows)


def formats() -> str:
    """The log formats."""
    from audit.ingest.formats import FORMATS

    return catalog(FORMATS)


def providers() -> str:
    """The protocols that tiers speak."""
    from audit.llm.providers import PROVIDERS

    return catalog(PROVIDERS)


def protocols() -> str:
    """The wire protocols."""
    from audit.protocols import PROTOCOLS

    return catalog(PROTOCOLS)


def protocol_matrix() -> str:
    """What each protocol loses of each case."""
    from audit.protocols import PROTOCOLS
    from tests.protocols.test_matrix import CASES

    def told(losses: list[str]) -> str:
        parted = (words.partition(" ") for words in losses)
        said = (loss.replace("_", " ") + (f" `{what}`" if what else "") for loss, _, what in parted)
        return "; ".join(said) or "whole"

    names = sorted(PROTOCOLS.names)
    rows = [(case["says"], *(told(case["losses"].get(name, [])) for name in names)) for case in CASES]
    return table(("case", *(f"`{name}`" for name in names)), rows)


def losses() -> str:
    """Every kind of loss, and whether a request is sent with it."""
    from audit.core.exchange import Loss

    rows = [(loss.value.replace("_", " "), loss.sentence, "yes" if loss.tolerable else "no") for loss in Loss]
    return table(("loss", "what it means", "sent"), rows)


def assertions() -> str:
    """The assertion types, and those that are known but not measured yet."""
    from audit.scoring.scorers import NOT_SUPPORTED, SCORERS

    later = ", ".join(f"`{name}`" for name in sorted(NOT_SUPPORTED))
    return catalog(SCORERS) + f"\nKnown, and reported as not supported by name: {later}.\n"


def promptfoo() -> str:
    """Each kind of disagreement with promptfoo, and who is right."""
    from tests.parity.kinds import KINDS

    rows = [(kind.name, ", ".join(f"`{name}`" for name in kind.types), kind.right, kind.why) for kind in KINDS]
    return table(("kind of disagreement", "types", "right", "why"), rows)


def exports() -> str:
    """The gateways that a policy can be written for."""
    from audit.policy.exports import EXPORTERS

    return catalog(EXPORTERS)


def commands() -> str:
    """The commands, from their help."""
    from audit.cli.app import command_line

    group = command_line()
    rows = [(f"`audit {name}`", first_sentence(group.commands[name].help or "")) for name in sorted(group.commands)]
    return table(("command", "does"), rows)


def features() -> str:
    """What a written rule may ask about, and the text that it may look at."""
    from audit.signals.features import FEATURES, TEXT

    rows = [(f"`{name}`", what) for name, what in FEATURES.items()]
    return table(
        ("feature", "what it is"),
        [
            *rows,
            (
                f"`{TEXT}`",
                "the last user message itself, by a pattern; of a masked log, the words around its placeholders",
            ),
        ],
    )


def documentation() -> str:
    """Every page that there is to read, with its title."""

    def row(path: Path) -> tuple[str, str]:
        place = path.relative_to(ROOT).as_posix()
        title = path.read_text("utf-8").partition("\n")[0].removeprefix("# ")
        return f"[{path.stem}]({place})", title

    return table(("page", "about"), [row(path) for path in (*GUIDES, *PAGES)])


def worked_example() -> str:
    """Why no observed difference is not yet a proof, with its figures from the statistics themselves."""
    from audit.core.settings import SliceSettings
    from audit.stats.exact import p_pass, smallest_n
    from audit.stats.group_sequential import declare_looks
    from audit.stats.tango import PairCounts, tango

    n, margin, alpha = 62, 0.03, 0.05
    none_lost = PairCounts(b=0, c=0, n=n)
    loss, chance = -tango(none_lost).low, p_pass(none_lost, margin=margin)
    last = declare_looks(SliceSettings().looks, alpha=alpha)[-1]
    return _paragraph(
        f"A worked example: {n} requests, and not one difference between the tiers. Tempting, but the 95 % interval of "
        f"the change still reaches down to {100 * loss:.1f} points: if the candidate were truly {100 * margin:.0f} "
        f"points worse, {n} pairs without a difference would come up in {100 * chance:.0f} % of samples, by luck "
        f"alone. So at a margin of {100 * margin:.0f} points the verdict is Not proven. It takes "
        f"{smallest_n(margin, alpha)} pairs "
        f"without a single loss before luck is ruled out at {100 * alpha:.0f} % by one look, "
        f"{smallest_n(margin, last.alpha)} at the last of {last.of} looks, and `audit` asks for at least 100."
    )


def ten_samples() -> str:
    """What a rule on a point estimate of ten pairs lets through."""
    from audit.stats.exact import p_pass
    from audit.stats.tango import PairCounts, tango

    n, loss, routes = 10, 0.10, 20
    none_lost = PairCounts(b=0, c=0, n=n)
    chance = p_pass(none_lost, margin=loss)
    return _paragraph(
        f"In {n} pairs one request is {100 / n:.0f} points: the rule asks in effect for no loss at all, and a lucky "
        f"{n} is common. A candidate that truly loses {100 * loss:.0f} points loses none of {n} in "
        f"{100 * chance:.0f} % of samples: of {routes} such routes, {routes * chance:.0f} would be moved. The 95 % "
        f"interval says it: with no difference in {n} pairs it reaches from {100 * tango(none_lost).low:.0f} to "
        f"+{100 * tango(none_lost).high:.0f} points. And on a larger sample the rule still looks at the estimate "
        "alone: a candidate that is exactly at its limit passes half of the time, however many are drawn."
    ).replace("from -", "from −")


def looks() -> str:
    """The declared looks and their levels."""
    from audit.core.settings import SliceSettings
    from audit.stats.group_sequential import declare_looks

    declared = declare_looks(SliceSettings().looks)
    levels, total = ", ".join(f"{100 * look.alpha:.2f}" for look in declared), sum(look.alpha for look in declared)
    first, last = declared[0], declared[-1]
    return _paragraph(
        f"By default there are up to {len(declared)} looks, after equal steps of the test sample, none before a switch "
        f"is possible at all. The levels of {len(declared)} exact tests are {levels} %, which add up to "
        f"{100 * total:.0f} %; the interval of the first look is one of {100 * first.level:.2f} %, that of the last "
        f"one of {100 * last.level:.1f} %, so that all of them hold the truth at once in 95 of 100 audits."
    )


def planted_worlds() -> str:
    """What the planted worlds came to."""
    from tests.simulations.figures import figures

    def cell(found: Mapping[str, float], what: str) -> str:
        return f"{100 * found.get(what, 0.0):.1f} %"

    rows = [
        (
            name,
            f"{found['audits']:.0f}",
            f"{found['losers']:.0f}",
            *(cell(found, what) for what in ("wrong", "wrongly certified", "Switch", "Split")),
            *(cell(found, what) for what in ("delta held", "saving held")),
            f"{found['draws']:.0f}",
        )
        for name, found in figures().items()
        if name != EFFORTS
    ]
    head = ("world", "audits", "losers", "wrong", "certified wrongly", "Switch", "Split", "delta held", "saving held")
    return table((*head, "draws"), rows)


EFFORTS = "an effort curve"


def effort_curve() -> str:
    """How often the right effort of one model is found."""
    from tests.simulations.figures import figures

    found = figures()[EFFORTS]
    shares = {name: f"{100 * share:.1f} %" for name, share in found.items()}
    return (
        f"Of {found['audits']:.0f} such logs the level was found in {shares['the level found']}, a level that loses "
        f"more than the margin was chosen in {shares['wrong']}, and of the levels' pairs of intervals "
        f"{shares['both intervals held']} hold both truths, where each interval may miss in 5 %.\n"
    )


def useless_policies() -> str:
    """How often policies by signals that tell nothing are certified over all traffic, by their kind."""
    from tests.simulations.figures import figures

    kinds = ("rules", "similarity", "classifier", "guarded", "cascade")
    rows = [
        (name, *(f"{100 * found.get(f'{kind} certified over all traffic', 0.0):.1f} %" for kind in kinds))
        for name, found in figures().items()
        if name.startswith("useless")
    ]
    return table(("world", *kinds), rows)


def scale_measured() -> str:
    """What a line costs, by stage."""
    from tests.scale import measured_rows

    return table(("stage", "a line, or the sample", "shared by machines"), measured_rows())


def scale_growth() -> str:
    """What a line and the sample of longer and longer logs cost."""
    from tests.growth import PER_LINE, PER_SAMPLE
    from tests.scale import growth_rows

    head = (*(f"{stage}, a line" for stage in PER_LINE), *(f"{stage}, in all" for stage in PER_SAMPLE))
    return table(("lines of the log", *head, "calls planned", "memory"), growth_rows())


def scale_sizes() -> str:
    """The mix, the levers and the plan of more and more calls."""
    from tests.scale import size_rows
    from tests.traffic_at_size import STAGES

    head = [cell for stage in STAGES for cell in (f"{stage}: processor time", "memory")]
    return table(("calls", *head), size_rows())


def scale_months() -> str:
    """Months of three sizes."""
    from tests.scale import CORES, NIGHT_H, month_rows

    head = ("calls a month", "log", "core hours to read it", f"machines of {CORES} cores for {NIGHT_H:.0f} hours")
    alone = ("then one core of one machine", "memory of that machine", "dollars of compute")
    return table((*head, *alone, "replays", "dollars of replays"), month_rows())


def _paragraph(text: str) -> str:
    return textwrap.fill(text, 120, break_on_hyphens=False) + "\n"


PARTS: dict[str, Callable[[], str]] = {
    "formats": formats,
    "providers": providers,
    "protocols": protocols,
    "protocol matrix": protocol_matrix,
    "losses": losses,
    "assertions": assertions,
    "exports": exports,
    "promptfoo": promptfoo,
    "commands": commands,
    "documentation": documentation,
    "features": features,
    "worked example": worked_example,
    "ten samples": ten_samples,
    "looks": looks,
    "planted worlds": planted_worlds,
    "useless policies": useless_policies,
    "effort curve": effort_curve,
    "scale measured": scale_measured,
    "scale growth": scale_growth,
    "scale sizes": scale_sizes,
    "scale months": scale_months,
}


def filled(text: str) -> str:
    """The text with every generated part made anew."""
    return PART.sub(lambda match: match.group(1) + PARTS[match.group(2)]() + match.group(3), text)


def main(arguments: list[str]) -> int:
    """Fill, or with `--check` say what is out of date and return 1."""
    stale = []
    for path in (*DOCUMENTS, *PAGES):
        old = path.read_text("utf-8")
        new = filled(old)
        if new != old:
            stale.append(str(path.relative_to(ROOT)))
            if "--check" not in arguments:
                path.write_text(new, "utf-8")
    if "--check" in arguments and stale:
        print(f"out of date: {', '.join(stale)}; run: make docs", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
