#!/bin/sh
# Cloudflare's gateway logs without bodies, piped in from another command.
set -eu
log="$SAMPLE_LOGS/cloudflare.jsonl"

audit mix "$log"
cat "$log" | audit mix -
audit replay "$log" --yes                  # nothing to ask: the report says what was paid
