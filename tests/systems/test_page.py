"""The page of the five systems is as the tests are."""

from pathlib import Path

from tests.systems import page

ROOT = Path(__file__).parents[2]


def test_the_page_is_fresh() -> None:
    written = (ROOT / "docs" / "systems.md").read_text(encoding="utf-8")
    assert written == page.page(), "python -m tests.systems.page > docs/systems.md"


def test_no_test_is_named_for_a_row_that_does_not_exist() -> None:
    bugs = {row for row, *_ in page.tests() if row.startswith("B")}  # B0.1 to B4.8 are no rows
    assert {row for row, *_ in page.tests()} - bugs <= set(page.ROWS)
