"""Measures Quart Chat, and other servers of the same task, on one machine. See README.md beside this."""
