"""A ledger made by hand, for what prints one."""

from audit.core.levers import (
    Effort,
    Kind,
    LeverBasis,
    LeverLedger,
    LeverLine,
    LeverName,
    LeverPart,
    RouteLevers,
    TimeToLive,
    Unseen,
)


def _case(number: int) -> str:
    return f"{number:02d}" * 32


LEDGER = LeverLedger(
    requests=1200,
    paid_usd=100.0,
    unpriced_requests=3,
    lines=(
        LeverLine(
            lever=LeverName.UNUSED_ANSWERS,
            basis=LeverBasis.CERTAIN,
            effort=Effort.CODE,
            change="keep the first answer",
            requests=20,
            usd=2.5,
            at_most_usd=3.0,
            left_usd=97.5,
            unseen_requests={Unseen.NO_TRACE.value: 40},
            unseen_usd=4.0,
            parts=(
                LeverPart(route="/a", kind=Kind.ASKED_AGAIN, requests=20, usd=2.5, at_most_usd=2.5, cases=(_case(1),)),
                LeverPart(
                    route="a\x1b[31m-long-route-" + "x" * 40, kind=Kind.STREAM_CUT, requests=1, usd=0.0, at_most_usd=0.5
                ),
            ),
        ),
        LeverLine(
            lever=LeverName.REPEATS,
            basis=LeverBasis.CERTAIN,
            effort=Effort.SETTING,
            change="switch on the cache",
            requests=0,
            usd=0.0,
            at_most_usd=0.0,
            left_usd=97.5,
            unseen_requests={},
            unseen_usd=0.0,
            parts=(),
            by_ttl=(
                TimeToLive(seconds=None, floor_requests=10, floor_usd=1.5, ceiling_requests=2000, ceiling_usd=3.25),
            ),
        ),
        LeverLine(
            lever=LeverName.BATCH,
            basis=LeverBasis.INFERRED,
            effort=Effort.CODE,
            change="send the nightly job through the batch interface",
            requests=80,
            usd=10.0,
            at_most_usd=45.0,
            left_usd=87.5,
            unseen_requests={},
            unseen_usd=0.0,
            parts=tuple(
                LeverPart(
                    route=f"/r{n}",
                    kind=Kind.NIGHTLY,
                    requests=8,
                    usd=1.0,
                    at_most_usd=4.5,
                    cases=(_case(n), _case(n + 1)),
                    where="message 1 (system), byte 14" if n == 3 else "",
                )
                for n in range(10)
            ),
        ),
    ),
    routes=(
        RouteLevers(
            route="/a", paid_usd=100.0, usd={"unused-answers": 2.5, "repeats": 0.0, "batch": 10.0}, left_usd=87.5
        ),
    ),
    left_usd=87.5,
)
