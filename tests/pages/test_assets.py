from __future__ import annotations

from pathlib import Path

import pytest

from quart_chat.files import folder
from quart_chat.pages.assets import BUNDLES, PATH, Assets, static


@pytest.fixture
def brand(tmp_path: Path) -> Path:
    made = tmp_path / "brand.css"
    made.write_text("/* ours */ b { color: red; background: url('https://x.example/y.png') }")
    return made


def test_the_address_changes_with_what_the_file_holds(brand: Path) -> None:
    before = Assets(brand, bundles={}).url("brand.css")
    brand.write_text("b { color: blue }")
    after = Assets(brand, bundles={}).url("brand.css")
    assert before != after
    assert Assets(brand, bundles={}).find(after.removeprefix(PATH)) is not None


def test_the_address_of_a_stylesheet_changes_with_the_picture_that_it_names(tmp_path: Path) -> None:
    (tmp_path / "b.css").write_text('b { background: url("i.svg") }')
    (tmp_path / "i.svg").write_text("<svg/>")
    before = Assets(tmp_path, bundles={})
    found = before.find("b.css")
    assert found is not None
    assert before.url("i.svg") in found.asset.body.decode()
    (tmp_path / "i.svg").write_text("<svg></svg>")
    assert Assets(tmp_path, bundles={}).url("b.css") != before.url("b.css")


def test_a_file_of_the_operator_s_stands_beside_ours_or_in_its_place(brand: Path, tmp_path: Path) -> None:
    own = Assets(folder("static"), brand)
    found = own.find(own.url("brand.css").removeprefix(PATH))
    assert found is not None
    assert found.for_good
    assert b"ours" not in found.asset.body
    assert own.url("base.css") == static().url("base.css")
    icon = tmp_path / "icon.svg"
    icon.write_text("<svg/>")
    other = Assets(folder("static"), icon)
    assert other.url("icon.svg") != static().url("icon.svg")
    assert other.url("room-page.css") != static().url("room-page.css"), "it shows the icon"


def test_what_is_loaded_together_holds_all_its_parts_in_order() -> None:
    for name, parts in BUNDLES.items():
        whole = static().find(name)
        assert whole is not None
        at = 0
        for part in parts:
            one = static().find(part)
            assert one is not None
            at = whole.asset.body.index(one.asset.body, at) + len(one.asset.body)


def test_scripts_are_served_as_they_were_vendored() -> None:
    for path in (folder("static") / "vendor").glob("*.js"):
        found = static().find(f"vendor/{path.name}")
        assert found is not None
        assert found.asset.body == path.read_bytes()


def test_a_file_without_a_suffix_has_an_address_too() -> None:
    found = static().find(static().url("vendor/LICENSE-htmx").removeprefix(PATH))
    assert found is not None
    assert found.asset.mimetype == "application/octet-stream"
