#!/bin/sh
# Transcripts of a coding agent: what its sessions cost, by project. They cannot be replayed.
set -eu
log="$SAMPLE_LOGS/claude_code.jsonl"

audit mix "$log"
audit mix "$log" --by tenant
audit replay "$log" --yes                  # nothing to ask: the report says what was paid
