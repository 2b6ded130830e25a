#!/bin/sh
# An export of Langfuse, and the evidence as a pack that somebody else can check.
set -eu
log="$SAMPLE_LOGS/langfuse.jsonl"
small="  - {name: small, model: small-1, provider: openai-compatible, base_url: \"$ENDPOINT\", price: {input: 0.01, output: 0.02}}"

audit init "$log"
awk -v tier="$small" '{print} /^tiers:/ {print tier}' audit.yaml |
  sed 's/confirmed: false/confirmed: true /' > edited.yaml      # what one does in an editor
mv edited.yaml audit.yaml
audit replay "$log" --yes
audit report runs/????????????/ --pack evidence.zip
audit verify evidence.zip
