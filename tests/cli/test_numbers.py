"""Options that take several numbers."""

import pytest

from nndl.cli.numbers import numbers
from nndl.errors import UsageError


def test_numbers_stay_in_their_order() -> None:
    assert numbers("--ranks", "2, 1,2") == [2, 1, 2]


@pytest.mark.parametrize("text", ["", "0", "1,", "two", "-1", "1.5"])
def test_what_is_none_is_refused_with_the_options_name(text: str) -> None:
    with pytest.raises(UsageError, match="--ranks takes numbers from 1 up"):
        numbers("--ranks", text)
