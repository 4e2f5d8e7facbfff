"""The parts of a page say what they should, and nothing where there is nothing."""

import re

import numpy as np

from nndl.report.parts import class_table


def test_a_class_that_is_always_right_is_taken_for_no_other() -> None:
    rows = re.findall(r"<tr><th scope=row>(.*?)</tr>", class_table(np.array([[5, 0], [2, 3]]), ("cat", "dog")))
    assert [re.sub("<[^>]+>", " ", row).split() for row in rows] == [
        ["cat", "5", "100.0", "%", "71.4", "%"],
        ["dog", "5", "60.0", "%", "100.0", "%", "cat", "2"],
    ]
