"""The work of one route as data: its policies chosen, then tested. The same function does it here and elsewhere."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import polars as pl

from audit.certificate.candidates import CandidateEvidence, SeenAtLook, gather
from audit.certificate.certify import certify_policies
from audit.certificate.frozen import Choice, FrozenPolicies
from audit.certificate.noise import Floor
from audit.certificate.parameters import TestParameters, parameters_of
from audit.certificate.policies import RouteInputs, propose
from audit.certificate.verdicts import Verdicts
from audit.core.exchange import Request
from audit.core.plan import RouteDesign
from audit.core.tier import Tier
from audit.executors.executor import IN_PROCESS, Pool
from audit.pairing.evidence import Tables
from audit.signals.signal import Remembering

SHARED_FROM = 30_000
"""Draws times candidates, over the routes that are worked on, from which several processes are worth their start."""

CHOOSE = "audit.certificate.jobs:choose"
CERTIFY = "audit.certificate.jobs:certify"


def sharing(pool: Pool, designs: Sequence[RouteDesign]) -> Pool:
    """The workers for the work of some routes: this process alone where it is little."""
    pairs = sum((design.quality_n + design.dollars_n) * len(design.candidates) for design in designs)
    return pool if pairs >= SHARED_FROM else IN_PROCESS


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ChosenFrom:
    """What a route's policies were chosen from: its design, and its tables before the certification split."""

    design: RouteDesign
    tables: Tables

    def same(self, other: ChosenFrom) -> bool:
        """Whether the choice would be the same."""
        return self.design == other.design and self.tables.same(other.tables)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ChoiceJob:
    """A route whose policies are to be chosen."""

    chosen_from: ChosenFrom
    inputs: RouteInputs


def choose(job: ChoiceJob) -> Choice:
    """Choose and order a route's policies; what a worker does."""
    chosen, bench = job.chosen_from, job.inputs
    # Folds and candidates share the tuning draws' vectors; those of the others are not held with them.
    shared = None if bench.embedder is None else Remembering(bench.embedder)
    sealed = propose(chosen.tables, chosen.design, replace(bench, embedder=shared))
    # A signal sees requests alone, so these can be looked at before the certification split is.
    tested = (pl.col("purpose") == "dollars") | (pl.col("split") == "certification")
    fps = chosen.tables.slice.filter(tested)["request_fp"].unique(maintain_order=True)
    requests = [bench.requests[fp] for fp in fps] if bench.requests else []
    return Choice.of(sealed, requests, bench.embedder)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CertificateJob:
    """A route whose sealed policies are to be tested.

    Attributes:
        tables: Of the route, whole.
        design: Of the route.
        tiers: By name.
        choice: Sealed by now.
        requests: By fingerprint, where a policy checks answers; else none.
        confidence: Of the settings.
        alpha: Of the settings; the design may have another.
        looks: How far each candidate was replayed; None for all of the plan.
    """

    tables: Tables
    design: RouteDesign
    tiers: Mapping[str, Tier]
    choice: Choice
    requests: Mapping[str, Request]
    confidence: float
    alpha: float
    looks: Mapping[str, int] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Certified:
    """What the certification split says of one route.

    Attributes:
        noise: Of the incumbent; it can forbid a verdict.
        terms: Of the certificate.
        choice: What was tested.
        policies: What came of it.
        evidence: Of the candidates, in the order of the design, at the looks that they have got to; of those that the
            tuning split dropped, on that split.
    """

    noise: Floor
    terms: TestParameters
    choice: Choice
    policies: Verdicts
    evidence: tuple[CandidateEvidence, ...]

    @property
    def sealed(self) -> FrozenPolicies:
        """The list that was tested."""
        return self.choice.sealed


def certify(job: CertificateJob) -> Certified:
    """Test the sealed policies of a route at the looks that are reached, and measure its candidates there."""
    design, level, sealed = job.design, job.confidence, job.choice.sealed
    terms, noise = parameters_of(job.tables, design, confidence=level, alpha=job.alpha, looks=job.looks)
    policies = certify_policies(job.tables, design, job.choice, job.requests, terms)
    evidence = []
    for name in design.candidates:
        tested = policies.static(name)
        look = tested.look if tested is not None else terms.schedule.reached([name])
        seen = SeenAtLook.at(name, look, terms.schedule, sealed.dropped.get(name))
        evidence.append(gather(job.tables, design, job.tiers[name], level, seen, terms.shown))
    return Certified(noise=noise, terms=terms, choice=job.choice, policies=policies, evidence=tuple(evidence))
