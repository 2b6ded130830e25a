"""Spans and events of OpenTelemetry, in every convention for model calls, made calls."""
