"""What a decision of the in-process router costs, without embeddings, against writing the same request as JSON once.

The JSON is what every client does to send the request, so the ratio says how a decision compares with it.
"""

from __future__ import annotations

import base64
import json
import statistics
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from audit.core.exchange import Request
from audit.policy.router import Router
from audit.signals.words import BUCKETS
from tests.policy.world import CLASSIFIER, RULES, entry, policy

DECISIONS, ROUNDS = 2_000, 5
SYSTEM = "You answer questions about invoices, orders and refunds. " * 30
USER = "Where is the refund for order 48213, which I returned on 3 May? " * 30
REQUEST = Request(
    request_fp="x", messages=[{"role": "system", "content": SYSTEM}, {"role": "user", "content": USER}], tools=[{}, {}]
)


def us_per_call(work: Callable[[], Any]) -> float:
    """Microseconds of one call: the median of some rounds of many."""
    rounds = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        for _ in range(DECISIONS):
            work()
        rounds.append((time.perf_counter() - began) / DECISIONS * 1e6)
    return statistics.median(rounds)


def rows() -> list[dict[str, Any]]:
    """One row per kind of policy that needs no embedding."""
    signal = CLASSIFIER.signal
    assert signal is not None
    words = base64.b64encode(np.zeros(BUCKETS, dtype="<f2").tobytes()).decode("ascii")
    classifier = replace(CLASSIFIER, signal=replace(signal, params={**signal.params, "words": words}))
    router = Router(policy(entry("/static"), RULES, classifier))
    body = {"model": "m", "messages": REQUEST.messages, "tools": REQUEST.tools}
    anchor = us_per_call(lambda: json.dumps(body))
    found = []
    for kind, route in (("static", "/static"), ("rules", RULES.route), ("classifier", classifier.route)):
        value = us_per_call(lambda route=route: router.route(route, REQUEST))
        found.append(
            {
                "name": f"router_us_per_decision ({kind})",
                "value": value,
                "unit": "µs",
                "anchor": "json.dumps of the request",
                "anchor_value": anchor,
                "ratio": value / anchor,
            }
        )
    return found
