import pytest

from flowctl.faults import Fault, FlowError, Mark, faulty, nearest


@pytest.mark.parametrize(
    ("mark", "said"),
    [
        (Mark("home.yaml", 7, 3), "home.yaml:7:3: plan/clamp: it is wrong; mend it"),
        (Mark("--set"), "--set: plan/clamp: it is wrong; mend it"),
        (Mark(), "plan/clamp: it is wrong; mend it"),
    ],
)
def test_a_fault_names_the_place_as_far_as_there_is_one(mark, said):
    assert str(Fault(mark, "E100", "plan/clamp", "it is wrong", "mend it")) == said


def test_a_caret_stands_under_the_place():
    fault = Fault(Mark("a.yaml", 7, 5), "W400", "", "odd", source="  - clmp: 5W")
    assert str(fault) == "a.yaml:7:5: warning: odd\n    7 |   - clmp: 5W\n            ^"


def test_all_faults_of_a_file_are_told_in_its_order():
    late, early = (Fault(Mark("a.yaml", line, 1), "E100", "", f"line {line}") for line in (9, 2))
    assert str(FlowError([late, early])) == "a.yaml:2:1: line 2\na.yaml:9:1: line 9"


def test_a_file_that_is_wrong_as_a_whole_has_no_line():
    error = faulty("day.jsonl", "E700", "it is empty", "record one")
    assert str(error) == "day.jsonl: it is empty; record one"
    assert error.faults[0].as_json() == {
        "file": "day.jsonl",
        "line": 0,
        "column": 0,
        "code": "E700",
        "where": "",
        "message": "it is empty",
        "cure": "record one",
    }


def test_the_nearest_word_is_the_cure_and_a_far_one_is_none():
    assert nearest("clmp", ["clamp", "scale"]) == "did you mean 'clamp'?"
    assert nearest("zebra", ["clamp", "scale"]) == ""
