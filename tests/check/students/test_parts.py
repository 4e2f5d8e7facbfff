"""Functions that call others of the same submission: what is said of them when those are wrong."""

from pathlib import Path

from nndl.check.students.outcome import Outcome
from nndl.check.students.submission import Limits, check_folder

ROOT = Path(__file__).parents[3]
UTILS = "layer_utils.py"


def outcomes(folder: Path, layers: str, limits: Limits | None = None) -> dict[str, Outcome]:
    """Check our layer_utils.py beside other definitions of relu; return what is said, by function."""
    package = folder / "nndl"
    package.mkdir()
    (package / "layers.py").write_text((ROOT / "nndl" / "layers.py").read_text(encoding="utf-8") + layers)
    (package / UTILS).write_text((ROOT / "nndl" / UTILS).read_text(encoding="utf-8"))
    return {each.function: each for each in check_folder(folder, limits)}


def test_nothing_is_named_that_the_parts_were_not_found_to_make(tmp_path: Path) -> None:
    found = outcomes(tmp_path, "\ndef relu_forward(x):\n    raise ValueError('not today')\n")
    assert found["relu_forward"].verdict == "crashed"
    composed = found["affine_batchnorm_relu_forward"]
    assert (composed.verdict, [finding.id for finding in composed.findings]) == ("crashed", [""])
    assert composed.findings[0].says.startswith("What it calls is wrong: mend relu_forward")


def test_what_calls_an_endless_function_is_not_called(tmp_path: Path) -> None:
    found = outcomes(tmp_path, "\ndef relu_forward(x):\n    while True:\n        pass\n", Limits(seconds=3))
    composed = found["affine_relu_forward"]
    assert (composed.verdict, composed.seconds) == ("timed out", 0.0)
    assert composed.findings[0].says == "What it calls does not come to an end: mend relu_forward first."
