#!/bin/sh
# A log of Anthropic's Messages, replayed on a tier of another protocol.
set -eu
log="$SAMPLE_LOGS/anthropic_pairs.jsonl"
small="  - {name: small, model: small-1, provider: openai-compatible, base_url: \"$ENDPOINT\", price: {input: 0.01, output: 0.02}}"

audit init "$log"
awk -v tier="$small" '{print} /^tiers:/ {print tier}' audit.yaml |
  sed 's/confirmed: false/confirmed: true /' > edited.yaml      # what one does in an editor
mv edited.yaml audit.yaml
audit replay "$log" --yes
audit show runs/????????????/
