"""A first `audit.yaml`: from logs, or from promptfoo's configuration."""
