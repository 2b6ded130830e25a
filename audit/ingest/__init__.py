"""Logs to traffic: exported request logs in, `traffic/*.parquet` and `rejects.parquet` out."""
