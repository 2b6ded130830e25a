#!/bin/sh
# LiteLLM's spend table has bills and no texts: what was paid, and to whom.
set -eu
log="$SAMPLE_LOGS/litellm_spend.jsonl"

audit mix "$log"
audit mix "$log" --by model
audit replay "$log" --yes                  # nothing to ask: the report says what was paid
