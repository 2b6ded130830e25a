"""What the answers so far say of a tier, route by route."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from audit.certificate.rechecking import SAVING_ALPHA, SAVING_LEVEL, Assessed, RecheckTerms, assess
from audit.core.artifacts import RunFolder
from audit.core.interval import Estimate
from audit.core.reason import Reason, because
from audit.core.recheck import RouteRecheck, Worth
from audit.core.settings import Settings
from audit.core.tier import Tier
from audit.flow.provenance import SIMULATED
from audit.flow.rechecking.quote import FullAudit
from audit.flow.rechecking.routes import RecheckedRun, RouteTrial, elsewhere
from audit.pairing.evidence import Tables, calls_on, pair_up
from audit.pairing.money import Moved, saved_at_most


@dataclass(frozen=True, slots=True, kw_only=True)
class RecheckEvidence:
    """What is needed to judge the routes of a recheck.

    Attributes:
        run: The run.
        tiers: Of the settings, the one that is tried first.
        full: What a full audit takes, by route.
    """

    run: RecheckedRun
    tiers: Sequence[Tier]
    settings: Settings
    full: Mapping[str, FullAudit]

    @property
    def simulated(self) -> bool:
        """Whether no model writes the completions of the tier that is tried."""
        return self.tiers[0].provider in SIMULATED

    @property
    def windows_a_year(self) -> float:
        """Windows like the log's in a year."""
        days = self.run.findings.days
        return 365 / days if days else 1.0

    def tables(self, folder: RunFolder) -> Tables:
        """What was asked and scored so far."""
        return Tables.read(folder).costed(self.tiers, self.settings)

    def judge(self, trial: RouteTrial, tables: Tables, look: int) -> RouteRecheck | None:
        """A route at a look; None where the next one is needed.

        Args:
            trial: The route.
            tables: Of the recheck.
            look: Number of the look, from 1; what was asked up to it.
        """
        tier = self.tiers[0]
        mine, asked = tables.of_route(trial.route), trial.stages[look - 1]
        draws = mine.slice.filter(pl.col("purpose") == "quality").sort("draw_order", "exchange_id").head(asked)
        pairs = pair_up(mine, draws, arm="candidate", tier=tier.name)
        saving = _saving(trial, calls_on(mine, draws, tier.name))
        more = None if saving is None else saving.beyond(trial.found.avoidable_usd)
        terms = RecheckTerms.of(
            trial.design,
            look=look,
            certifying=self._certifying(trial),
            full_usd=self.full[trial.route].usd,
            windows_a_year=self.windows_a_year,
            confidence=self.run.findings.confidence,
        )
        said = assess(pairs, more, terms)
        return None if said.worth is None else self._told(trial, asked, said, (saving, more))

    def stopped(self, trial: RouteTrial, asked: int) -> RouteRecheck:
        """A route of which too little was asked before something stopped the recheck."""
        said = Assessed(worth=Worth.OPEN, because=because(Reason.STOPPED_EARLY))
        return self._told(trial, asked, said)

    def untried(self, trial: RouteTrial) -> RouteRecheck:
        """A route that was asked nothing."""
        assert trial.why is not None
        worth = Worth.NOT if trial.why.reason is Reason.NOT_CHEAPER else Worth.OPEN
        return self._told(trial, 0, Assessed(worth=worth, because=trial.why))

    def _certifying(self, trial: RouteTrial) -> int:
        """Certification draws that a full audit of the tier would have."""
        mine = (pl.col("route") == trial.route) & (pl.col("purpose") == "quality") & elsewhere(self.tiers[0])
        return self.run.slice.filter(mine & (pl.col("split") == "certification")).height

    def _told(
        self,
        trial: RouteTrial,
        asked: int,
        said: Assessed,
        dollars: tuple[Estimate | None, Estimate | None] = (None, None),
    ) -> RouteRecheck:
        full = self.full.get(trial.route)
        return RouteRecheck(
            route=trial.route,
            worth=said.worth or Worth.OPEN,
            because=said.because,
            spend_usd=trial.found.spend_usd,
            margin=trial.design.margin,
            today=str(trial.found.verdict),
            today_usd=trial.found.avoidable_usd,
            asked=asked,
            planned=trial.planned,
            n=int(said.counts.n),
            b=int(said.counts.b),
            c=int(said.counts.c),
            quality_delta=said.delta,
            p_inferior=said.p_inferior,
            chance=said.chance,
            saving_usd=dollars[0],
            beyond_usd=dollars[1],
            full_calls=0 if full is None else full.calls,
            full_usd=None if full is None else full.usd,
        )


def _saving(trial: RouteTrial, calls: pl.DataFrame) -> Estimate | None:
    """What moving the route saves, by the calls on its draws so far."""
    moving = trial.moving
    known = moving.select("foreseen_usd", exchange_id="row_id")
    asked = calls.join(known, on="exchange_id", how="inner", maintain_order="left")
    return saved_at_most(
        asked["usd"].fill_null(float("nan")),
        asked["foreseen_usd"],
        Moved(billed=moving["cost_usd"].to_numpy(), foreseen=moving["foreseen_usd"].to_numpy()),
        alpha=SAVING_ALPHA,
        level=SAVING_LEVEL,
    )
