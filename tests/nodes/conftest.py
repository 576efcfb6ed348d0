"""Fixtures that the tests of several nodes share."""

import pytest

from nodes._helpers import load_line


@pytest.fixture
def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let loads be looked at often."""
    monkeypatch.setattr(load_line, "BEAT", 0.02)
