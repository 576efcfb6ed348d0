"""Who has the right to steer a flow, seen from beside."""

from contextlib import ExitStack
from pathlib import Path

import pytest

from flowctl.live import holding
from flowctl.live.holding import HeldError, hold, see


def test_one_at_a_time_has_it_and_whoever_looks_takes_nothing(tmp_path: Path) -> None:
    see(tmp_path, "a")
    with ExitStack() as stack:
        hold(tmp_path, "a", stack)
        see(tmp_path, "b")
        for ask in (lambda: see(tmp_path, "a"), lambda: hold(tmp_path, "a", stack)):
            with pytest.raises(HeldError, match=r"'a' is running already, as process \d+$"):
                ask()
    see(tmp_path, "a")
    with ExitStack() as stack:
        hold(tmp_path, "a", stack)


def test_the_number_of_a_process_elsewhere_is_not_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with ExitStack() as stack:
        hold(tmp_path, "a", stack)
        monkeypatch.setattr(holding, "_namespace", lambda: "pid:[another]")
        with pytest.raises(HeldError, match=r"'a' is running already$") as held:
            see(tmp_path, "a")
        assert held.value.process == ""


def test_where_nothing_can_be_locked_nobody_has_it(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "run").write_text("a file")
    with ExitStack() as stack:
        hold(tmp_path, "a", stack)
        see(tmp_path, "a")
    assert "cannot be locked" in caplog.text
