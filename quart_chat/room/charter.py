"""Who keeps a room and by which rules, as its store has them."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple


class Charter(NamedTuple):
    """Rules and roles, field by field. members: names of who was let in, by public id."""

    rules: Mapping[str, str] = MappingProxyType({})
    members: Mapping[str, str] = MappingProxyType({})
