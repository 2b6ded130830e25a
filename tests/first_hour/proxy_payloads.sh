#!/bin/sh
# The payloads that LiteLLM's proxy logs, on tiers behind any endpoint: today's model is replayed for its noise as well.
set -eu
log="$SAMPLE_LOGS/litellm.jsonl"
small="  - {name: small, model: small-1, provider: openai-compatible, base_url: \"$ENDPOINT\", price: {input: 0.01, output: 0.02}}"
export OPENAI_API_KEY=none

audit init "$log"
awk -v tier="$small" '{print} /^tiers:/ {print tier}' audit.yaml |
  sed -e 's/confirmed: false/confirmed: true /' -e "s|provider: openai, price|provider: openai, base_url: \"$ENDPOINT\", price|" > edited.yaml
mv edited.yaml audit.yaml
audit replay "$log" --yes
audit runs
