"""Recorded curves of a run, as arrays and as tables of pandas."""

from typing import TYPE_CHECKING, Any, Literal

from numpy.typing import NDArray

from nndl.errors import MissingExtraError, UsageError
from nndl.runs.curves import EPOCH_CURVES, STEP_CURVES

if TYPE_CHECKING:
    from pandas import DataFrame

COLUMNS = {"epoch": EPOCH_CURVES, "step": tuple(STEP_CURVES)}
"""The curves, by what they are counted in."""


class Recorded(dict[str, NDArray[Any]]):
    """Arrays by name, float64: "epoch" and its curves of one length, "step" and its curves of another."""

    def to_frame(self, by: Literal["epoch", "step"] = "epoch") -> "DataFrame":
        """Return the curves by epoch, or by step, as a pandas.DataFrame whose index that is.

        Raises UsageError for another `by`, and MissingExtraError where pandas is not installed.
        """
        if by not in COLUMNS:
            raise UsageError(f"curves are by {' or by '.join(COLUMNS)}, not by {by!r}")
        try:
            from pandas import DataFrame, Index
        except ImportError:
            raise MissingExtraError("pandas", "pandas", "a DataFrame") from None
        index = Index(self[by].astype(int), name=by)
        return DataFrame({name: self[name] for name in COLUMNS[by]}, index=index)
