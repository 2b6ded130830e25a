#!/bin/sh
# Pairs of OpenAI's Responses, and the report as Markdown for a ticket.
set -eu
log="$SAMPLE_LOGS/openai_responses_pairs.jsonl"
small="  - {name: small, model: small-1, provider: openai-compatible, base_url: \"$ENDPOINT\", price: {input: 0.01, output: 0.02}}"

audit init "$log"
awk -v tier="$small" '{print} /^tiers:/ {print tier}' audit.yaml |
  sed 's/confirmed: false/confirmed: true /' > edited.yaml      # what one does in an editor
mv edited.yaml audit.yaml
audit replay "$log" --yes
audit report runs/????????????/ --format md -o summary.md
