"""`audit gate`: rules over the findings of a run, for CI."""

from __future__ import annotations

from typing import Annotated

import typer

from audit.cli.arguments import Run, RunConfig
from audit.cli.terminal import Terminal


def gate(
    ctx: typer.Context,
    run: Run,
    config: RunConfig = None,
    rule: Annotated[list[str] | None, typer.Option("--rule", help="Instead of the configuration's rules.")] = None,
    format: Annotated[  # noqa: A002
        list[str] | None, typer.Option("--format", help="text, json or markdown, or markdown:PATH; several are fine.")
    ] = None,
    inconclusive: Annotated[
        str | None, typer.Option("--inconclusive", help="fail, warn or pass: exit 1, 0 or 0 instead of 3.")
    ] = None,
    name: Annotated[str, typer.Option("--name", help="Of the gate, in the marker of its comment.")] = "gate",
) -> None:
    """Hold rules against the findings of a run: pass 0, fail 1, inconclusive 3.

    A threshold is a claim on the true value, and the interval decides: the whole of it satisfies the rule (pass),
    none of it does (fail), or neither (inconclusive). A route that the verdict leaves alone passes.

    EXAMPLES
        audit gate runs/7f3a9c1e
        audit gate runs/7f3a9c1e --rule 'quality_delta{route:*} >= -2pt' --rule 'mix{model:gpt-4o} < 80%'
        audit gate runs/7f3a9c1e --format text --format markdown:$GITHUB_STEP_SUMMARY --inconclusive warn
    """
    from audit.cli.print_gate import outputs_of, print_gate
    from audit.config import load_settings
    from audit.core.artifacts import RunFolder, read_findings
    from audit.gate.decide import inconclusive_of, judge, with_names

    terminal = Terminal(ctx.obj)
    outputs, answer = outputs_of(format or [], json=terminal.switches.json), inconclusive_of(inconclusive)
    folder = RunFolder(run)
    folder.open_existing()
    rules = with_names(rule) if rule else load_settings(config or folder.config_file()).gate
    findings = read_findings(folder.findings)
    decision = judge(findings, rules)
    print_gate(terminal, decision, findings, outputs, inconclusive=answer, name=name)
    raise typer.Exit(decision.exit_code(answer))
