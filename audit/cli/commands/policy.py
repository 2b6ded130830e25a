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
        bool, typer.Option("--route-wide", help="With --for: rest on the route's certificate, and say so in the file.")
    ] = False,
    max_latency_p95: Annotated[
        str | None, typer.Option("--max-latency-p95", metavar="800ms", help="Only policies shown to be this quick.")
    ] = None,
    with_prompts: Annotated[
        bool, typer.Option("--with-prompts", help="Write canonical prompts: texts of the log, for semantic-router.")
    ] = False,
    default: Annotated[
        str | None, typer.Option("--default", metavar="TIER", help="For requests of routes that no entry is about.")
    ] = None,
    budget: Annotated[
        str | None, typer.Option("--budget", metavar="$200/month", help="Reach it with the least loss of quality.")
    ] = None,
    canary: Annotated[
        int | None,
        typer.Option("--canary", metavar="STEP", help="Only for a share of the traffic: 1 begins, 0 takes it back."),
    ] = None,
    canary_by: Annotated[
        str | None,
        typer.Option("--canary-by", metavar="session|user", help="Who follows it or not as a whole. Default: session."),
    ] = None,
    levers: Annotated[
        bool, typer.Option("--levers", help="In its place what the lever ledger counts; for policy-json and litellm.")
    ] = False,
) -> None:
    """Write the routing policy of a run for a gateway.

    Only policies that were certified on held-out requests are in it; every other route keeps its model. A route whose
    policy the target cannot say exactly is left out with a word on why, and keeps its model too; run it in your own
    process (policy-json). Where the target can say none of them, nothing is written (exit 2). A target that must have
    a default takes the one model that serves all other routes, or --default. When no policy is certified, no change is
    recommended: policy-json then says just that, and gateways are refused (exit 2), so that no empty configuration is
    deployed.

    The policy can be carved from what is certified, without auditing again. --for tenant:X tests the certified list on
    that tenant's own pairs, because a certificate over a whole route does not hold for each of its tenants; where they
    are too few, --route-wide uses the route's. --max-latency-p95 needs the upper bound of the replayed latency below
    the limit. --budget chooses, for a window like the log's or per month, the set of certified policies that surely
    reaches it and loses least; a budget that they cannot reach is refused with what they can (exit 2).

    --canary STEP writes the policy for a share of each route's traffic, and says all steps: how long each lasts, how
    much of the traffic follows, and how likely `audit gate --policy` has alarmed by then, were the policy to lose three
    margins. Where the gate fails, --canary 0 takes the policy back. In your own process a conversation follows it by a
    hash of its key (`Router.route(..., key=...)`), its session id as the log has it, or with --canary-by user the id of
    its end user; litellm, portkey and bifrost draw call by call; other targets cannot send a share.

    --levers writes what the lever ledger counts in place of the policy: policy-json lists every change with its route,
    its place in the prompt or its hours of the day, what it saves and requests to look at (the batch list is in it);
    litellm is given cache points and an exact cache that callers opt in to, and the rest is named with a reason.

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
        spelled = export.with_prompts(found, reporting.last_user_turns(folder, wanted))
    step = None if canary is None else f"canary {canary}"
    name = to if output is not None else f"{to}{label_of(part, max_latency_p95, budget, step)}"
    said, written = exported(spelled, to, name, notes)
    print_policy(terminal, said, written, output, folder)
