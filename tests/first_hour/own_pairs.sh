#!/bin/sh
# Pairs of OpenAI's chat protocol that a service wrote down itself: draft, one cheaper tier, replay, gate.
set -eu
log="$SAMPLE_LOGS/openai_pairs.jsonl"
small="  - {name: small, model: small-1, provider: openai-compatible, base_url: \"$ENDPOINT\", price: {input: 0.01, output: 0.02}}"

audit init "$log"
awk -v tier="$small" '{print} /^tiers:/ {print tier}' audit.yaml |
  sed 's/confirmed: false/confirmed: true /' > edited.yaml      # what one does in an editor
mv edited.yaml audit.yaml
audit plan "$log"
audit replay "$log" --yes
audit gate runs/????????????/ || test $? = 3          # so few requests prove nothing: inconclusive
