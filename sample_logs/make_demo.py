"""Make the demo's files: `python -m sample_logs.make_demo` in the repository's root.

`demo/audit.yaml` and `demo/invoice.schema.json` are written by hand; the simulated tiers, prices and error rates of the
former are what this script reads, so that the log's incumbents behave as the tiers of the audit do. Everything else in
`demo/` is made here, from one seed: the log, the references, the answers of the simulated tiers, and the truth that
follows from them.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import yaml

from sample_logs import demo_tasks as tasks
from sample_logs.demo_log import DOUBLE_LINES, log_lines
from sample_logs.demo_tasks import Dice, Task
from sample_logs.demo_truth import markdown_table, truth_of
from sample_logs.demo_world import Call, World

DEMO = Path(__file__).parent / "demo"
SEED = "kestrel-2026-10"
FIRST_DAY, DAYS = date(2026, 10, 1), 30


@dataclass(frozen=True, slots=True, kw_only=True)
class RoutePlan:
    """Traffic of one route.

    Attributes:
        requests: Logical requests in the window; for the chat, sessions.
        medium_share: Part served by `medium` on the first day, and on the last: the large model's share grows.
        repeated: Part that asks exactly what was asked before.
        redacted: Part logged without its bodies.
    """

    requests: int
    medium_share: tuple[float, float]
    repeated: float
    redacted: float
    tenants: Mapping[str, float]


PLANS = {
    "/invoice-extract": RoutePlan(
        requests=1800,
        medium_share=(0.34, 0.10),
        repeated=0.11,
        redacted=0.003,
        tenants={"finance-emea": 5, "finance-amer": 3, "marketplace": 1},
    ),
    "/ticket-triage": RoutePlan(
        requests=1400,
        medium_share=(0.26, 0.05),
        repeated=0.10,
        redacted=0.01,
        tenants={"support-emea": 4, "support-apac": 2, "marketplace": 2},
    ),
    "/order-quote": RoutePlan(
        requests=850,
        medium_share=(0.0, 0.0),
        repeated=0.11,
        redacted=0.01,
        tenants={"sales-desk": 6, "sales-partners": 2},
    ),
    "/support-chat": RoutePlan(
        requests=240,
        medium_share=(0.45, 0.15),
        repeated=0.0,
        redacted=0.01,
        tenants={"support-emea": 5, "support-apac": 2},
    ),
    "/policy-qa": RoutePlan(
        requests=80,
        medium_share=(0.0, 0.0),
        repeated=0.05,
        redacted=0.0,
        tenants={"people-services": 1},
    ),
}
MAKERS = {
    "/invoice-extract": tasks.invoice,
    "/ticket-triage": tasks.triage,
    "/order-quote": tasks.quote,
    "/policy-qa": tasks.policy,
}
REGIONS = {"emea": "eu-west", "amer": "us-east", "apac": "ap-south"}
UTC_OFFSET = {"eu-west": 1, "us-east": -5, "ap-south": 6}
BY_WEEKDAY = (1.0, 1.08, 1.05, 1.0, 0.9, 0.32, 0.24)
BY_HOUR = (1, 1, 1, 1, 1, 2, 4, 8, 13, 17, 18, 16, 12, 14, 17, 16, 13, 9, 6, 4, 3, 2, 2, 1)
RETRIED, LOST, FALLBACK = 0.018, 0.0025, 0.3
CACHED_REPEAT = 0.3
ERRORS = (
    ("429", "RateLimitError", "Rate limit reached for requests per minute"),
    ("503", "ServiceUnavailableError", "The model is overloaded"),
    ("408", "Timeout", "Request timed out"),
)


def moment(dice: Dice, region: str) -> datetime:
    """When a request comes: by the working day and the working hour of its region, inside the window."""
    weights = {n: BY_WEEKDAY[(FIRST_DAY + timedelta(days=n)).weekday()] for n in range(DAYS)}
    day = dice.weighted(weights)
    hour = (dice.weighted(dict(enumerate(BY_HOUR))) - UTC_OFFSET[region]) % 24
    start = datetime.combine(FIRST_DAY + timedelta(days=day), datetime.min.time(), UTC)
    return start + timedelta(hours=hour, milliseconds=dice.whole(0, 3_599_999))


def new_call(dice: Dice, route: str, task: Task, at: datetime, place: tuple[str, str]) -> Call:
    """A request of a route, with its tier by the day's mix and its share of bad luck."""
    plan = PLANS[route]
    tenant, region = place
    begin, end = plan.medium_share
    medium = begin + (end - begin) * (at.date() - FIRST_DAY).days / (DAYS - 1)
    call = Call(
        route=route,
        tenant=tenant,
        region=region,
        environment=dice.weighted({"production": 0.93, "staging": 0.07}),
        at=at,
        task=task,
        tier="medium" if dice.chance(medium) else "large",
        redacted=dice.chance(plan.redacted),
    )
    if dice.chance(RETRIED):
        call.first_error = dice.pick(ERRORS)
        call.fallback = call.tier == "large" and dice.chance(FALLBACK)
        call.tier = "medium" if call.fallback else call.tier
    elif dice.chance(LOST):
        call.first_error, call.lost = dice.pick(ERRORS), True
    return call


def place_of(dice: Dice, route: str) -> tuple[str, str]:
    """A tenant of the route, and the region that it is served in."""
    tenant = dice.weighted(PLANS[route].tenants)
    return tenant, REGIONS.get(tenant.rsplit("-", 1)[-1]) or dice.weighted({"eu-west": 3, "us-east": 1})


def simple_route(dice: Dice, route: str, world: World) -> Iterator[Call]:
    """Independent requests, some of them word for word what was asked before."""
    plan = PLANS[route]
    places = [place_of(dice, route) for _ in range(plan.requests)]
    arrivals = sorted((moment(dice, place[1]), place) for place in places)
    earlier: list[Call] = []
    for at, place in arrivals:
        repeats = bool(earlier) and dice.chance(plan.repeated)
        before = dice.pick(earlier[-400:]) if repeats else None
        task = before.task if before else MAKERS[route](dice, at.date())
        call = new_call(dice, route, task, at, (before.tenant, before.region) if before else place)
        if before and not call.first_error and not call.redacted and dice.chance(CACHED_REPEAT):
            call.cached_from, call.tier = before, before.tier
            call.key, call.completion = before.key, before.completion
        elif not call.lost:
            world.serve(call)
            if not call.redacted:
                earlier.append(call)
        yield call


def chat_route(dice: Dice, world: World) -> Iterator[Call]:
    """Conversations: each turn is a request that carries the turns before it, as they were answered."""
    route = "/support-chat"
    for number in range(PLANS[route].requests):
        place = place_of(dice, route)
        at = moment(dice, place[1])
        language = dice.weighted(tasks.LANGUAGES)
        session = f"chat-{at:%m%d}-{number:03d}"
        history: list[dict[str, Any]] = []
        for _ in range(dice.weighted({1: 0.45, 2: 0.35, 3: 0.20})):
            task = tasks.chat_turn(dice, language, history)
            call = new_call(dice, route, task, at, place)
            call.session = session
            if not call.lost:
                world.serve(call)
            yield call
            if call.completion is None:
                break
            history = [*task.messages, {"role": "assistant", "content": call.completion.text}]
            at += timedelta(milliseconds=dice.whole(25_000, 240_000))


def write_gz(path: Path, lines: Sequence[str]) -> None:
    """Gzip without a time or a name in the header, so that equal text gives equal bytes."""
    text = "".join(line + "\n" for line in lines)
    path.write_bytes(gzip.compress(text.encode("utf-8"), compresslevel=9, mtime=0))


def make(folder: Path) -> dict[str, Any]:
    """Write the log, the references, the answers and the truth into a folder; returns the truth."""
    settings = yaml.safe_load((DEMO / "audit.yaml").read_text("utf-8"))
    world = World(settings)
    calls: list[Call] = []
    for route in PLANS:
        dice = Dice(f"{SEED} {route}")
        calls += chat_route(dice, world) if route == "/support-chat" else simple_route(dice, route, world)
    lines = log_lines(calls, world, Dice(f"{SEED} records"))
    write_gz(folder / "log.jsonl.gz", lines)
    answers = [{"prompt_hash": key, **asdict(answer)} for key, answer in sorted(world.answers.items())]
    write_gz(folder / "answers.jsonl.gz", [json.dumps(entry, ensure_ascii=False) for entry in answers])
    references = [{"prompt_hash": key, "reference": value} for key, value in sorted(world.references.items())]
    text = "".join(json.dumps(entry, ensure_ascii=False) + "\n" for entry in references)
    (folder / "references.jsonl").write_text(text, "utf-8")
    truth = truth_of(calls, world, settings, lines=len(lines), double=DOUBLE_LINES)
    (folder / "truth.json").write_text(json.dumps(truth, ensure_ascii=False, indent=2) + "\n", "utf-8")
    return truth


def refresh_readme(truth: Mapping[str, Any]) -> None:
    """Put the table of the truth between its marks in the README."""
    readme = DEMO.parent / "README.md"
    before, rest = readme.read_text("utf-8").split("<!-- truth -->\n")
    after = rest.split("<!-- /truth -->")[1]
    readme.write_text(f"{before}<!-- truth -->\n{markdown_table(truth)}\n<!-- /truth -->{after}", "utf-8")


if __name__ == "__main__":
    refresh_readme(make(DEMO))
