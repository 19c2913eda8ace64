"""Servers that are measured: each starts on its core, and tells how one talks to it."""
