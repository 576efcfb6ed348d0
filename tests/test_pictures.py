"""The pictures of the docs: drawn by a script, small, whole, and each is shown."""

import re
from pathlib import Path
from xml.etree import ElementTree

import pytest

DOCS = Path(__file__).parent.parent / "docs"
PICTURES = sorted((DOCS / "pictures").glob("*.svg"))
LARGEST = 100_000  # bytes


def test_what_a_page_shows_is_there_and_what_is_there_is_shown() -> None:
    shown = {
        name
        for page in DOCS.glob("*.md")
        for name in re.findall(r"\(pictures/([^)]+)\)", page.read_text("utf-8"))
    }
    assert shown == {picture.name for picture in PICTURES}


@pytest.mark.parametrize("picture", PICTURES, ids=lambda picture: picture.stem)
def test_a_picture_is_small_and_whole_and_of_no_machine(picture: Path) -> None:
    text = picture.read_text("utf-8")
    assert len(text.encode()) < LARGEST
    assert ElementTree.fromstring(text).tag == "{http://www.w3.org/2000/svg}svg"
    assert "nan" not in text
    assert "file:" not in text
    assert "href" not in text
