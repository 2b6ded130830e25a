"""`audit gate`: rules over the findings of a run, for CI."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from audit.cli.arguments import Run, RunConfig
from audit.cli.candidates import gate_formats, run_folders
from audit.cli.remote_runs import run_folder
from audit.cli.terminal import Terminal


def gate(
    ctx: typer.Context,
    run: Run,
    config: RunConfig = None,
    rule: Annotated[
        list[str] | None, typer.Option("--rule", help="Rule to check instead of the configuration's.")
    ] = None,
    format: Annotated[  # noqa: A002
        list[str] | None,
        typer.Option(
            "--format",
            help="text, json, markdown, junit or github, or NAME:PATH; several are fine.",
            autocompletion=gate_formats,
        ),
    ] = None,
    baseline: Annotated[
        Path | None,
        typer.Option(
            "--baseline",
            metavar="RUN",
            help="Earlier run, for rules about change(...).",
            autocompletion=run_folders,
            callback=run_folder,
        ),
    ] = None,
    inconclusive: Annotated[
        str | None,
        typer.Option(
            "--inconclusive", help="What an inconclusive gate does: fail, warn or pass (exit 1, 0 or 0, not 3)."
        ),
    ] = None,
    name: Annotated[str, typer.Option("--name", help="Name of the gate, in the marker of its comment.")] = "gate",
    policy: Annotated[
        Path | None,
        typer.Option(
            "--policy", metavar="FILE", help="A policy.json to check against later traffic, instead of rules."
        ),
    ] = None,
    watch: Annotated[
        Path | None,
        typer.Option("--watch", metavar="FILE", help="Record of the watched months. Default: beside the policy."),
    ] = None,
    on: Annotated[
        str | None,
        typer.Option("--on", metavar="DATE", help="Date to check the policy's expiry against; default: today."),
    ] = None,
) -> None:
    """Check rules against the findings of a run: pass 0, fail 1, inconclusive 3.

    A threshold is a claim on the true value, and the interval decides: the whole of it satisfies the rule (pass),
    none of it does (fail), or neither (inconclusive). A route that the verdict leaves alone passes. A change is
    in % for money and counts, in pt for rates, and combines the intervals of both runs at their worst. Totals of
    windows of different lengths are compared per day; what rests on other criteria or another margin is inconclusive.

    With --policy, RUN is a later run, or just a later log, and the policy is what is judged: is its evidence fresh, are
    models, prices, traffic and criteria the audited ones, and does quality hold? Quality is watched by an e-process
    over all runs so far, whose counts are appended to FILE.watch.jsonl: keep that file. It may be run as often as
    you like; a log that was not replayed leaves quality open (inconclusive). A policy after its expiry fails: audit
    again.

    EXAMPLES
        audit gate runs/7f3a9c1e
        audit gate runs/7f3a9c1e --rule 'quality_delta{route:*} >= -2pt' --rule 'mix{model:gpt-4o} < 80%'
        audit gate runs/7f3a9c1e --format github --format markdown:$GITHUB_STEP_SUMMARY --inconclusive warn
        audit gate runs/7f3a9c1e --format junit:gate.xml
        audit gate runs/december --policy policy.json
        audit gate runs/7f3a9c1e --baseline runs/2c41d08b --rule 'change(cost_per_1k{route:*}) <= 5%'
    """
    from dataclasses import replace

    from audit.cli.printing.gate import Judged, outputs_of, print_gate
    from audit.config.load import gate_places, load_settings
    from audit.core.artifacts import RunFolder, read_run
    from audit.core.errors import InputError
    from audit.gate.decide import inconclusive_of, judge, with_names

    terminal = Terminal(ctx.obj)
    if policy is not None and (rule or baseline):
        raise InputError("`--policy` has rules of its own", code="gate.policy", hint="call the gate once for each")
    if policy is None and (watch or on):
        raise InputError("`--watch` and `--on` are about `--policy`", code="gate.policy", hint="--policy policy.json")
    outputs, answer = outputs_of(format or [], json=terminal.switches.json), inconclusive_of(inconclusive)
    if policy is not None:
        from audit.cli.watched import watched

        judged = watched(run, policy, config, watch or policy.with_name(f"{policy.name}.watch.jsonl"), on)
        print_gate(terminal, replace(judged, inconclusive=answer, name=name), outputs)
        raise typer.Exit(judged.decision.exit_code(answer))
    findings = read_run(run)
    settings = None if rule else load_settings(config or RunFolder(run).config_file())
    decision = judge(
        findings,
        with_names(rule or ()) if settings is None else settings.gate,
        baseline=None if baseline is None else read_run(baseline),
    )
    places = [] if settings is None else gate_places(settings)
    judged = Judged(decision=decision, findings=findings, places=places, inconclusive=answer, name=name)
    print_gate(terminal, judged, outputs)
    raise typer.Exit(decision.exit_code(answer))
