"""What the project stands on is what its locks say: by version, hash, range, licence, and in the environment itself."""

from __future__ import annotations

import re
import subprocess
import tomllib
from importlib.metadata import Distribution, distributions
from pathlib import Path
from typing import NamedTuple

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parent.parent
RUNTIME, DEV, AUDIT = "requirements.lock", "requirements-dev.lock", "requirements-audit.lock"
LOCKS = {RUNTIME: ("build",), DEV: ("build", "dev"), AUDIT: ("audit",)}  # with the groups of each
LATER = ("requirements-bench.lock",)  # of another folder's requirements
OURS = {"quart-chat", "pip", "setuptools"}  # what a virtual environment begins with, and the project

# What may be given on with the chat, by an expression of SPDX or the words of a classifier.
FREE = (
    "MIT MIT-0 MIT-CMU BSD-2-Clause BSD-3-Clause Apache-2.0 ISC PSF-2.0 0BSD MPL-2.0 "
    "MIT-License BSD-License Apache-Software-License ISC-License-(ISCL) Mozilla-Public-License-2.0-(MPL-2.0) "
    "Python-Software-Foundation-License Artistic-License"
).split()
OF_TOOLS = (  # and what may be run beside it, but is in no wheel and no image
    "GPL-3.0 GPL-3.0-or-later GNU-Lesser-General-Public-License-v3-or-later-(LGPLv3+) CNRI-Python DFSG-approved"
).split()
# A licence among several that one may choose from: each of these names a free one beside others.
CHOICES = {"text-unidecode": "Artistic-License"}


class Locked(NamedTuple):
    requirement: Requirement
    hashes: tuple[str, ...]

    @property
    def name(self) -> str:
        return canonicalize_name(self.requirement.name)


def locked(lock: str) -> list[Locked]:
    lines = (ROOT / lock).read_text("utf-8").replace("\\\n", " ").splitlines()
    entries = [line for line in lines if line.strip() and not line.strip().startswith("#")]
    return [
        Locked(Requirement(line.partition(" --hash")[0].strip()), tuple(re.findall(r"--hash=(\S+)", line)))
        for line in entries
    ]


def wanted(lock: str) -> list[Requirement]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    of_groups = [one for group in LOCKS[lock] for one in project["dependency-groups"][group]]
    return [Requirement(one) for one in (*project["project"]["dependencies"] * (lock != AUDIT), *of_groups)]


@pytest.mark.parametrize("lock", [*LOCKS, *LATER])
def test_every_package_of_a_lock_has_one_version_and_its_hashes(lock: str) -> None:
    found = locked(lock)
    assert len(found) > 20
    for one in found:
        assert [specifier.operator for specifier in one.requirement.specifier] == ["=="], one.requirement
        assert "*" not in str(one.requirement.specifier), one.requirement
        assert one.requirement.url is None, one.requirement
        assert one.hashes, f"{one.requirement} has no hash"
        assert all(re.fullmatch(r"sha256:[0-9a-f]{64}", each) for each in one.hashes), one.requirement


@pytest.mark.parametrize("lock", LOCKS)
def test_every_lock_holds_all_that_is_asked_for_within_its_ranges(lock: str) -> None:
    versions = {one.name: next(iter(one.requirement.specifier)).version for one in locked(lock)}
    for one in wanted(lock):
        assert canonicalize_name(one.name) in versions, f"{lock} lacks {one}: make lock"
        assert one.specifier.contains(versions[canonicalize_name(one.name)]), f"{lock} goes beyond {one}: make lock"
        assert list(one.specifier), f"{one} has no range"


def test_what_both_locks_hold_is_the_same_version() -> None:
    runtime, dev = ({one.name: str(one.requirement.specifier) for one in locked(lock)} for lock in (RUNTIME, DEV))
    assert runtime.items() <= dev.items()


def test_the_environment_is_what_the_lock_says_and_nothing_else() -> None:
    entries = [one for one in locked(DEV) if one.requirement.marker is None or one.requirement.marker.evaluate()]
    versions = {one.name: next(iter(one.requirement.specifier)).version for one in entries}
    installed = {canonicalize_name(one.metadata["Name"]): one.version for one in distributions()}
    assert {name: version for name, version in installed.items() if name not in OURS} == versions, "make clean test"


def test_every_package_is_under_a_licence_that_is_known() -> None:
    runtime = {one.name for one in locked(RUNTIME)}
    for one in distributions():
        name = canonicalize_name(one.metadata["Name"])
        terms = {CHOICES[name]} & licences(one) if name in CHOICES else licences(one)
        assert terms, f"{name} says nothing of its licence"
        known = {*FREE, *(() if name in runtime else OF_TOOLS)}
        assert terms <= known, f"{name} is under {terms - known}"


def licences(one: Distribution) -> set[str]:
    expression = one.metadata.get("License-Expression")
    if expression:
        return set(re.split(r" (?:AND|OR|WITH) ", re.sub(r"[()]", "", expression)))
    classifiers = one.metadata.get_all("Classifier") or []
    found = {each.rpartition(" :: ")[2].replace(" ", "-") for each in classifiers if each.startswith("License ::")}
    found = found or {line.strip() for line in (one.metadata.get("License") or "").splitlines()[:1]}
    # who says nothing there may bring the text itself, whose first line is its name
    texts = [one.read_text(f"licenses/{name}") or "" for name in one.metadata.get_all("License-File") or []]
    return found or {text.splitlines()[0].strip().replace(" ", "-") for text in texts if text}


def test_no_file_names_where_packages_come_from() -> None:
    """Who installs says that: a registry of their own, or the one that pip knows."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode:
        pytest.skip("no checkout")
    host = re.compile(r"pypi\.org|pythonhosted\.org|registry\.npmjs|(?<!emit-)(?:extra-)?index-url")
    own = Path(__file__).relative_to(ROOT).as_posix()
    for file in filter(None, listed.stdout.split("\0")):
        if file != own and (ROOT / file).suffix not in (".png", ".wav"):
            found = host.search((ROOT / file).read_text("utf-8", errors="replace"))
            assert found is None, f"{file} names {found[0] if found else ''}"


def test_installing_takes_only_wheels_whose_hashes_are_locked() -> None:
    for file in ("Makefile", "deploy/Dockerfile"):
        text = (ROOT / file).read_text("utf-8").replace("\\\n", " ")
        for line in text.splitlines():
            if re.search(r"pip .*install\b.*(--requirement|-r)\b", line) or line.startswith("INSTALL :="):
                assert "--require-hashes" in line, f"{file}: {line}"
                assert re.search(r"--only-binary[ =]:all:", line), f"{file}: {line}"
