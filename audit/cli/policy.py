"""`audit policy`: the certified routing policy of a run, for a gateway."""

from __future__ import annotations

from typing import Annotated

import typer

from audit.cli.arguments import Routes, Run
from audit.cli.terminal import Terminal

TARGETS = (
    "policy-json, litellm, openrouter, portkey, bifrost, envoy-ai-gateway, vllm-semantic-router, bedrock or routellm."
)


def policy(
    ctx: typer.Context,
    run: Run,
    to: Annotated[str, typer.Option("--to", help=TARGETS)] = "policy-json",
    output: Annotated[
        str | None,
        typer.Option(
            "--output",
            "-o",
            help="A file, a folder (with a / at its end), or - for stdout. Default: RUN/policy/TARGET/.",
        ),
    ] = None,
    route: Routes = None,
) -> None:
    """Write the routing policy of a run for a gateway.

    Only policies that were certified on held-out requests are in it; every other route keeps its model. A target that
    cannot say exactly what the policy says is refused with the route, and nothing is written; --route leaves routes
    out, to be run in your own process. When no policy is certified, no change is recommended: policy-json then says
    just that, and gateways are refused (exit 2), so that no empty configuration is deployed.

    EXAMPLES
        audit policy runs/7f3a9c1e --to litellm -o config.yaml
        audit policy runs/7f3a9c1e --to bedrock -o routers/ --route '/summar*'
        audit policy runs/7f3a9c1e --to policy-json -o - > policy.json
    """
    from audit.cli.print_policy import print_policy
    from audit.core.artifacts import RunFolder
    from audit.policy.export import export_policy, only_routes
    from audit.policy.policy_file import read_run_policy

    terminal = Terminal(ctx.obj)
    folder = RunFolder(run)
    folder.open_existing()
    found = read_run_policy(folder)
    if route and found.routes:
        found = only_routes(found, route)
    print_policy(terminal, found, to, export_policy(found, to), output, folder)
