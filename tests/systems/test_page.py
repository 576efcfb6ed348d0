"""The page of the five systems is as the tests are."""

from pathlib import Path

from tests.systems import page

ROOT = Path(__file__).parents[2]


def test_the_page_is_fresh() -> None:
    written = (ROOT / "docs" / "systems.md").read_text(encoding="utf-8")
    assert written == page.page(), "python -m tests.systems.page > docs/systems.md"


def test_no_test_is_named_for_what_does_not_exist() -> None:
    assert {name for name, *_ in page.tests()} <= page.ROWS.keys() | page.BUGS.keys()


def test_each_row_and_each_bug_has_a_test() -> None:
    assert page.missing() == []
