"""Criteria on trial: the log's own answers are scored, and damaged, before anything is paid."""
