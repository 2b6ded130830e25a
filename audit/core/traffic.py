"""Which rows of the traffic are money and requests, said once; each stage says it in its own engine's words.

A row is *billable* when it was answered (`BILLABLE_STATUSES`), is no duplicate (`duplicate_of` is null) and did not
come from the gateway's own cache (`cache_hit` is not true). Its spend is the first non-null of `SPEND_COLUMNS`, what
was billed before what a price table says; a row without either is unpriced, never $0. Its model is the first non-null
of `MODEL_COLUMNS`.
"""

BILLABLE_STATUSES = ("ok", "partial")
SPEND_COLUMNS = ("cost_usd_logged", "cost_usd_recomputed")
MODEL_COLUMNS = ("model_called", "model_responded", "model_requested")
