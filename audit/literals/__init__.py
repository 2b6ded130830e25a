"""Hard-coded model names in source code: where a router call should stand."""
