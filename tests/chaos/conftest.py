from __future__ import annotations

from tests.promise.conftest import chance, http

__all__ = ["chance", "http"]
