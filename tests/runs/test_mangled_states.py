"""However a state is mangled: no traceback, never taken for whole when it is not, and the one before it is found."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nndl.errors import CheckpointError
from nndl.runs.checkpoint import Arrays, read_checkpoint, write_checkpoint
from nndl.runs.folder import RunFolder
from nndl.runs.states import States, newest_state, restore_best
from nndl.train.solver import Solver
from nndl.train.transforms import Ema
from tests.train import tiny

OPTIONS: dict[str, Any] = {"epochs": 2, "average": Ema(decay=0.9)}
State = tuple[Arrays, dict[str, Any]]


def solver() -> Solver:
    return tiny.solver(**OPTIONS)


@pytest.fixture(scope="module")
def states() -> tuple[State, State]:
    """The states after steps 2 and 5 of one training, the second after an epoch was scored."""
    training = solver()
    taken = {event.step: training.state() for event in training.events() if event.step in (2, 5)}
    return taken[2], taken[5]


@pytest.fixture
def folder(tmp_path: Path, states: tuple[State, State]) -> RunFolder:
    folder = RunFolder(tmp_path)
    kept = States(folder, keep=2)
    for arrays, info in states:
        kept.write(arrays, info)
    return folder


def same(arrays: Arrays, others: Arrays) -> bool:
    alike = all(array.tobytes() == others[name].tobytes() for name, array in arrays.items() if name in others)
    return alike and arrays.keys() == others.keys()


@st.composite
def mangled(draw: st.DrawFn, whole: bytes) -> bytes:
    """Bytes flipped, zeroed, cut off, left out, doubled, or moved; in the header as often as in the numbers."""
    content = bytearray(whole)
    header = 8 + int.from_bytes(whole[:8], "little")
    for _ in range(draw(st.integers(1, 3))):
        within = draw(st.sampled_from([8, header, len(content)]))
        start = draw(st.integers(0, max(0, min(within, len(content)) - 1)))
        stop = start + draw(st.integers(1, 64))
        kind = draw(st.sampled_from(["flip", "zero", "cut", "leave out", "double", "random"]))
        if kind == "flip" and content:
            content[start] ^= 1 << draw(st.integers(0, 7))
        elif kind == "zero":
            content[start:stop] = bytes(len(content[start:stop]))
        elif kind == "cut":
            del content[start:]
        elif kind == "leave out":
            del content[start:stop]
        elif kind == "double":
            content[stop:stop] = content[start:stop]
        else:
            content[start:stop] = draw(st.binary(max_size=64))
    return bytes(content)


@settings(suppress_health_check=list(HealthCheck), deadline=None, max_examples=150)
@given(data=st.data())
def test_a_mangled_file_is_noticed_and_the_state_before_it_found(
    data: st.DataObject, folder: RunFolder, states: tuple[State, State]
) -> None:
    write_checkpoint(folder.last, *states[1])
    folder.last.write_bytes(data.draw(mangled(folder.last.read_bytes())))
    found = newest_state(folder)
    assert found is not None
    expected = states[0] if found.skipped else states[1]  # what carries nothing (a label, blanks) may differ unnoticed
    assert same(found.arrays, expected[0])
    assert found.info == expected[1]
    training = solver()
    training.restore(found.arrays, found.info)
    assert training.step == expected[1]["step"]


junk = (
    st.none() | st.booleans() | st.integers(-3, 2**70) | st.floats() | st.text(max_size=5) | st.just([]) | st.just({})
)


@st.composite
def forged_info(draw: st.DrawFn, info: dict[str, Any]) -> Any:
    """Draw a state's info with keys taken away or set to anything, in the history too; or something else altogether."""
    if draw(st.integers(0, 9)) == 0:
        return draw(junk)
    forged = json.loads(json.dumps(info))
    place = draw(st.sampled_from([forged, *forged["history"]]))
    for key in draw(st.lists(st.sampled_from(sorted(place)), min_size=1, max_size=3, unique=True)):
        if draw(st.booleans()):
            place[key] = draw(junk)
        else:
            place.pop(key)
    return forged


@st.composite
def forged_arrays(draw: st.DrawFn, arrays: Arrays) -> Arrays:
    """Arrays with one missing, of another name, shape or type."""
    forged = dict(arrays)
    name = draw(st.sampled_from(sorted(forged)))
    array = forged.pop(name)
    kind = draw(st.sampled_from(["missing", "name", "shape", "type", "as it was"]))
    if kind == "name":
        forged[draw(st.text("abc/._", max_size=8))] = array
    elif kind == "shape":
        forged[name] = array.reshape(-1)[:-1]
    elif kind == "type":
        forged[name] = array.astype(draw(st.sampled_from([np.float64, np.int8, np.uint64])))
    elif kind == "as it was":
        forged[name] = array
    return forged


@settings(suppress_health_check=list(HealthCheck), deadline=None, max_examples=150)
@given(data=st.data())
def test_a_forged_state_with_a_right_checksum_ends_in_a_message_at_worst(
    data: st.DataObject, folder: RunFolder, states: tuple[State, State]
) -> None:
    """Nobody is kept from writing a state with a checksum; it must not bring nndl down."""
    arrays, info = states[1]
    write_checkpoint(folder.last, data.draw(forged_arrays(arrays)), data.draw(forged_info(info)))
    try:
        found = newest_state(folder)
        assert found is not None
        training = solver()
        training.restore(found.arrays, found.info)
        restore_best(folder, found)
    except CheckpointError:
        return
    if found.skipped:
        assert found.info["step"] == 2
    if training.best is not None:
        read_checkpoint(folder.best)
