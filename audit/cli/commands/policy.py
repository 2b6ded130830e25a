"""`audit policy`: the certified routing policy of a run, for a gateway."""

from __future__ import annotations

from typing import Annotated

import typer

from audit.cli.arguments import Routes, Run
from audit.cli.candidates import policy_targets
from audit.cli.terminal import Terminal

TARGETS = (
    "policy-json, litellm, litellm-auto-router, openrouter, portkey, bifrost, envoy-ai-gateway, semantic-router, "
    "vllm-semantic-router, bedrock or routellm."
)


def policy(
    ctx: typer.Context,
    run: Run,
    to: Annotated[str, typer.Option("--to", help=TARGETS, autocompletion=policy_targets)] = "policy-json",
    output: Annotated[
        str | None,
        typer.Option(
            "--output",
            "-o",
            help="A file, a folder (with a / at its end), or - for stdout. Default: RUN/policy/TARGET/.",
        ),
    ] = None,
    route: Routes = None,
    part: Annotated[
        str | None, typer.Option("--for", metavar="KIND:NAME", help="Only for one tenant, region or environment.")
    ] = None,
    route_wide: Annotated[
        bool, typer.Option("--route-wide", help="With --for: use the route's certificate, and say so in the file.")
    ] = False,
    max_latency_p95: Annotated[
        str | None, typer.Option("--max-latency-p95", metavar="800ms", help="Only policies shown to be this fast.")
    ] = None,
    with_prompts: Annotated[
        bool, typer.Option("--with-prompts", help="Write canonical prompts: texts of the log, for semantic-router.")
    ] = False,
    default: Annotated[
        str | None, typer.Option("--default", metavar="TIER", help="Tier for requests of routes without an entry.")
    ] = None,
    budget: Annotated[
        str | None,
        typer.Option("--budget", metavar="$200/month", help="Spend to get down to, at the least loss of quality."),
    ] = None,
    canary: Annotated[
        int | None,
        typer.Option("--canary", metavar="STEP", help="Only for a share of the traffic: 1 begins, 0 takes it back."),
    ] = None,
    canary_by: Annotated[
        str | None,
        typer.Option("--canary-by", metavar="session|user", help="What is assigned as a whole. Default: session."),
    ] = None,
    levers: Annotated[
        bool,
        typer.Option(
            "--levers", help="What the lever ledger counts, instead of the policy; for policy-json and litellm."
        ),
    ] = False,
) -> None:
    """Write the routing policy of a run for a gateway.

    Only policies that were certified on held-out requests are in it; every other route keeps its model. A route whose
    policy the target cannot express exactly is left out, with the reason, and keeps its model too; run it in your own
    process (policy-json). If the target can express none of them, nothing is written (exit 2). A target that must have
    a default takes the one model that serves all other routes, or --default. When no policy is certified, no change is
    recommended: policy-json then says just that, and gateways are refused (exit 2), so that no empty configuration is
    deployed.

    Beside the files it says how long the evidence holds, and of which routes `audit gate --policy` cannot watch the
    quality once the policy is in force: those that several models served before. A rule of your own can (`audit guide
    watching`).

    Parts of what is certified can be written without another audit. --for tenant:X tests the certified list on that
    tenant's own pairs, because a certificate for a whole route does not hold for each of its tenants; where they are
    too few, --route-wide uses the route's. --max-latency-p95 keeps the policies whose replayed latency has its upper
    bound below the limit. --budget chooses, for a window like the log's or per month, the certified policies that reach
    it even by the lower ends of their savings, at the least loss of quality; a budget out of reach is refused, and the
    error says how far they get (exit 2).

    --canary STEP writes the policy for a share of each route's traffic and lists all steps: how long each lasts, how
    much of the traffic it takes, and how likely `audit gate --policy` is to have raised the alarm by then if the policy
    loses three margins. If the gate fails, --canary 0 takes the policy back. In your own process conversations are
    assigned by a hash of their key (`Router.route(..., key=...)`): the session id as logged, or with --canary-by user
    the id of the end user. litellm, portkey and bifrost draw for each call; other targets cannot send a share.

    --levers writes what the lever ledger counts instead of the policy: policy-json lists every change with its route,
    its place in the prompt or its hours of the day, what it saves and requests to look at (the batch list is in it);
    litellm gets cache points and an exact cache that callers opt in to, and the rest is listed with a reason.

    EXAMPLES
        audit policy runs/7f3a9c1e --to litellm -o config.yaml
        audit policy runs/7f3a9c1e --levers --to litellm -o levers.yaml
        audit policy runs/7f3a9c1e --to bedrock -o routers/ --route '/summar*'
        audit policy runs/7f3a9c1e --to policy-json -o - > policy.json
        audit policy runs/7f3a9c1e --for tenant:acme --max-latency-p95 800ms
        audit policy runs/7f3a9c1e --budget '$2000/month' --to litellm
        audit policy runs/7f3a9c1e --canary 1 --to litellm -o config.yaml
    """
    from audit.cli.printing.canary import canary_key_of, canary_notes
    from audit.cli.printing.policy import exported, print_handed, print_policy
    from audit.cli.wishes import alone, label_of, wish_of
    from audit.core.artifacts import RunFolder
    from audit.flow import reporting
    from audit.policy import export
    from audit.policy.canary import at_step, canary_plan
    from audit.policy.carve import Wish, carve, read_options
    from audit.policy.export import canonical_prompts, only_routes, with_default
    from audit.policy.policy_file import read_run_policy

    terminal = Terminal(ctx.obj)
    folder = RunFolder(run)
    folder.open_existing()
    found = read_run_policy(folder)
    if levers:
        alone((route, part, route_wide, max_latency_p95, with_prompts, default, budget, canary, canary_by))
        print_handed(terminal, found, to, output, folder)
        return
    wish, by = wish_of(part, route_wide, max_latency_p95, budget), canary_key_of(canary_by, canary)
    notes: tuple[str, ...] = ()
    if wish != Wish():
        carved = carve(found, read_options(folder), wish)
        found, notes = carved.policy, carved.notes
    if route and found.routes:
        found = only_routes(found, route)
    found = with_default(found, default)
    if canary is not None:
        steps = canary_plan(found)
        found, notes = at_step(found, steps, canary, by), (*notes, *canary_notes(steps, canary))
    spelled = found
    if with_prompts:
        wanted = canonical_prompts(found, to)
        spelled = export.with_prompts(found, reporting.last_user_texts(folder, wanted))
    step = None if canary is None else f"canary {canary}"
    name = to if output is not None else f"{to}{label_of(part, max_latency_p95, budget, step)}"
    said, written = exported(spelled, to, name, notes)
    print_policy(terminal, said, written, output, folder)
