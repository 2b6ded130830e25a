"""Wire protocols as pure functions: what vendors send, in this program's words. Nothing here opens a socket."""
