"""file_write: the newest value stands in a file, whole."""

import json
import math

import pytest

from flowctl import Battery
from nodes.file_write import file_write
from tests.nodes.streams import saying, until


async def test_the_newest_value_stands_in_the_file(tmp_path):
    path = tmp_path / "there" / "curve.csv"
    async with saying(file_write, path=path) as box:
        for text in ("100.0;2300\n", "100.0;2300\n99.5;2299\n"):
            box.put(text)
            await until(lambda text=text: path.exists() and path.read_text() == text)
    assert [file.name for file in path.parent.iterdir()] == ["curve.csv"]


async def test_a_record_is_written_as_json(tmp_path):
    path = tmp_path / "ecs.json"
    async with saying(file_write, path=path) as box:
        box.put(Battery(power=-300.0))
        await until(path.exists)
    assert json.loads(path.read_text()) == {"power": -300}


async def test_what_cannot_be_written_is_passed_over(tmp_path, caplog):
    path = tmp_path / "x"
    async with saying(file_write, path=path) as box:
        for value in (math.nan, object(), "1"):
            box.put(value)
            await until(lambda: not box._full.is_set())
        await until(path.exists)
    assert path.read_text() == "1"
    assert len([r for r in caplog.records if "talks nonsense" in r.message]) == 1


async def test_a_place_that_cannot_be_written_is_told(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(OSError, match="cannot be written"):
        async with saying(file_write, path=tmp_path / "file" / "curve.csv") as box:
            box.put("1")
