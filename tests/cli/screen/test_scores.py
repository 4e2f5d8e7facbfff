"""Scores in words: without what says nothing."""

import pytest

from nndl.cli.screen.scores import sentence


@pytest.mark.parametrize(("classes", "said"), [(2, False), (5, False), (6, True), (0, True)])
def test_top_5_is_told_where_there_are_more_classes(classes: int, said: bool) -> None:
    scored = {"accuracy": 0.5, "interval95": [0.4, 0.6], "top5": 0.9, "loss": 1.0, "calibration_error": None}
    scored |= {"per_class": dict.fromkeys(range(classes))} if classes else {}
    words = "50.00 % (95 % interval 40.00 to 60.00), top-5 90.00 %, loss 1.0000"
    assert sentence(scored) == (words if said else words.replace("top-5 90.00 %, ", ""))
