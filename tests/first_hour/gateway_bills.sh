#!/bin/sh
# OpenRouter's generations are counts and bills: the mix, as JSON for a program.
set -eu
log="$SAMPLE_LOGS/openrouter.jsonl"

audit mix "$log"
audit mix "$log" --json > mix.json
test -s mix.json
audit replay "$log" --yes                  # nothing to ask: the report says what was paid
