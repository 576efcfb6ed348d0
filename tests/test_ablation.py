"""What `benchmarks/control/ablation.py` changes is there; it is run by hand, and seldom."""

from pathlib import Path
from runpy import run_path

import pytest

from flowctl.backtest.candidates import Candidate

SCRIPT = run_path(str(Path(__file__).parent.parent / "benchmarks" / "control" / "ablation.py"))


@pytest.mark.parametrize("name", SCRIPT["VARIANTS"])
def test_what_a_variant_changes_is_a_constant_or_a_setting_of_the_flow(name: str) -> None:
    changes = SCRIPT["VARIANTS"][name]
    settings = {key: value for key, value in changes.items() if "/" in key}
    assert Candidate("home", SCRIPT["HOME"], settings=settings).graph()
    with SCRIPT["patched"]({key: value for key, value in changes.items() if key not in settings}):
        pass
