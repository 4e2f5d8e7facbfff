import builtins
import os
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nndl.data.cifar import load_python_batch
from nndl.errors import DataError
from tests.data import fake


class Call:
    """Pickles as a call of function with arguments."""

    def __init__(self, function: Callable[..., Any], *arguments: Any) -> None:
        self.reduced = (function, arguments)

    def __reduce__(self) -> Any:
        return self.reduced


PROTOCOLS = [0, 1, 2, 3, 4, 5]


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("key", ["labels", "fine_labels"])
def test_reads_batches_of_every_protocol(tmp_path: Path, protocol: int, key: str) -> None:
    pixels, labels = fake.images(7)
    (tmp_path / "batch").write_bytes(fake.python_batch(pixels, labels, key, protocol))
    read_pixels, read_labels = load_python_batch(tmp_path / "batch")
    np.testing.assert_array_equal(read_pixels, pixels)
    np.testing.assert_array_equal(read_labels, labels)
    assert (read_pixels.dtype, read_labels.dtype) == (np.uint8, np.int64)
    assert read_pixels.flags.c_contiguous
    assert read_pixels.flags.writeable


def test_reads_a_batch_as_python_2_wrote_it(tmp_path: Path) -> None:
    pixels, labels = fake.images(1)
    raw = (
        b"\x80\x02}q\x01(U\x06labelsq\x02]q\x03K" + bytes([labels[0]]) + b"aU\x04dataq\x04cnumpy.core.multiarray\n"
        b"_reconstruct\nq\x05cnumpy\nndarray\nq\x06K\x00\x85U\x01b\x87Rq\x07(K\x01K\x01M\x00\x0c\x86cnumpy\ndtype\n"
        b"q\x08U\x02u1K\x00K\x01\x87R(K\x03U\x01|NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb\x89T\x00\x0c\x00\x00"
    )
    (tmp_path / "batch").write_bytes(raw + pixels.tobytes() + b"tbu.")
    read_pixels, read_labels = load_python_batch(tmp_path / "batch")
    np.testing.assert_array_equal(read_pixels, pixels)
    np.testing.assert_array_equal(read_labels, labels)


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_column_order_is_understood(tmp_path: Path, protocol: int) -> None:
    pixels, labels = fake.images(5)
    content = {"labels": labels.tolist(), "data": np.asfortranarray(pixels.reshape(5, -1))}
    (tmp_path / "batch").write_bytes(pickle.dumps(content, protocol))
    np.testing.assert_array_equal(load_python_batch(tmp_path / "batch")[0], pixels)


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("dtype", ["int64", "uint8", ">i4", "uint64"])
@pytest.mark.parametrize("kept_as", [np.asarray, list], ids=["array", "list of NumPy's integers"])
def test_labels_may_be_numpys(tmp_path: Path, protocol: int, dtype: str, kept_as: Callable[..., Any]) -> None:
    pixels, labels = fake.images(7)
    content = {b"labels": kept_as(labels.astype(dtype)), b"data": pixels.reshape(7, -1)}
    (tmp_path / "batch").write_bytes(pickle.dumps(content, protocol))
    read = load_python_batch(tmp_path / "batch")[1]
    np.testing.assert_array_equal(read, labels)
    assert read.dtype == np.int64


frombuffer = np.arange(3).__reduce_ex__(5)[0]
"""NumPy's own, as protocol 5 names it."""

MALICIOUS = {
    "os.system": pickle.dumps(Call(os.system, "touch hit"), 2),
    "eval": pickle.dumps(Call(builtins.eval, "open('hit', 'w')"), 2),
    "exec": pickle.dumps(Call(builtins.exec, "open('hit', 'w')"), 4),
    "getattr": pickle.dumps(Call(builtins.getattr, "", "join"), 2),
    "numpy.load": pickle.dumps(Call(np.load, "hit", None, True), 2),
    "numpy.fromfile": pickle.dumps(Call(np.fromfile, "hit"), 2),
    "dotted name": b"\x80\x04\x8c\x05numpy\x8c\x0dndarray.tofile\x93.",
    "codec": pickle.dumps({"data": 1}, 2)[:-1] + b"c_codecs\nencode\nX\x01\x00\x00\x00aX\x05\x00\x00\x00rot13\x86R.",
    "call of numpy.ndarray": b"\x80\x02cnumpy\nndarray\nJ\xff\xff\xff\x7f\x85\x85R.",
    "inst": b"(S'touch hit'\nios\nsystem\n.",
    "obj": b"(cnumpy\nndarray\nK\x01o.",
    "new object": b"\x80\x02cnumpy\nndarray\nK\x01\x85\x81.",
    "persistent id": b"Pwho\n.",
    "binary persistent id": b"\x80\x02U\x03whoQ.",
    "extension code": b"\x80\x02\x82\x01.",
    "state of a stand-in": b"\x80\x02cnumpy.core.multiarray\n_reconstruct\n}U\x01aK\x01sb.",
    "state of the reconstructor": b"\x80\x02c_codecs\nencode\n}U\x01aK\x01sb.",
    "buffer out of band": b"\x80\x05\x97.",
    "bytearray of a petabyte": b"\x80\x05\x96" + (1 << 50).to_bytes(8, "little") + b".",
    "bytes of a petabyte": b"\x80\x04\x8e" + (1 << 50).to_bytes(8, "little") + b".",
    "memo of four thousand million": b"\x80\x02Nr\xff\xff\xff\xff.",
    "unhashable key": b"\x80\x02}]K\x01s.",
    "deeply nested key": b"\x80\x02})" + b"\x85" * 500_000 + b"K\x01s.",
    "deeply nested keys": b"\x80\x02}()" + b"\x85" * 500_000 + b"K\x01u.",
    "deeply nested key of a dict": b"()" + b"\x85" * 500_000 + b"K\x01d.",
    "popped too far": b"\x80\x020000.",
    "empty": b"",
    "text": b"<html>not found</html>",
    "list": pickle.dumps([1, 2]),
    "no labels": pickle.dumps({"data": np.zeros((1, 3072), np.uint8)}, 2),
    "labels of text": pickle.dumps({"labels": ["cat"], "data": np.zeros((1, 3072), np.uint8)}, 2),
    "label beyond 64 bits": pickle.dumps({"labels": [1 << 70], "data": np.zeros((1, 3072), np.uint8)}, 2),
    "label of an array beyond 64 bits": pickle.dumps(
        {"labels": np.full(1, 1 << 63, np.uint64), "data": np.zeros((1, 3072), np.uint8)}, 5
    ),
    "labels of floats": pickle.dumps({"labels": np.zeros(1), "data": np.zeros((1, 3072), np.uint8)}, 5),
    "labels in two columns": pickle.dumps({"labels": np.zeros((1, 2), int), "data": np.zeros((1, 3072), np.uint8)}, 5),
    "one label alone": pickle.dumps({"labels": np.int64(1), "data": np.zeros((1, 3072), np.uint8)}, 5),
    "labels as text": pickle.dumps({"labels": "1", "data": np.zeros((1, 3072), np.uint8)}, 5),
    "buffer of text": pickle.dumps({"data": Call(frombuffer, "x" * 3072, np.dtype("u1"), (1, 3072), "C")}, 5),
    "buffer in an order of its own": pickle.dumps({"data": Call(frombuffer, b"x", np.dtype("u1"), (1, 1), "Z")}, 5),
    "buffer of axes that are none": pickle.dumps(
        {"data": Call(frombuffer, b"x", np.dtype("u1"), (1, 1), "K", (7, "a"))}, 5
    ),
    "buffer of a shape beyond memory": pickle.dumps(
        {"data": Call(frombuffer, b"", np.dtype("u1"), (0, 1 << 70), "C")}, 5
    ),
    "buffer of too little": pickle.dumps({"data": Call(frombuffer, b"x")}, 5),
    "dtype of pixels": pickle.dumps({"data": Call(frombuffer, b"x", "u1", (1, 1), "C")}, 5),
    "labels too few": pickle.dumps({"labels": [1], "data": np.zeros((2, 3072), np.uint8)}, 2),
    "data of text": pickle.dumps({"labels": [1], "data": "x" * 3072}, 2),
    "data of objects": pickle.dumps({"labels": [1], "data": np.zeros((1, 3072), object)}, 2),
    "data of floats": pickle.dumps({"labels": [1], "data": np.zeros((1, 3072))}, 2),
    "data of another width": pickle.dumps({"labels": [1], "data": np.zeros((1, 3071), np.uint8)}, 2),
    "data of negative count": pickle.dumps({"labels": [], "data": np.zeros((0, 3072), np.uint8)}, 2).replace(
        b"K\x00M\x00\x0c\x86", b"J\xff\xff\xff\xffM\x00\x0c\x86"
    ),
}


@pytest.mark.parametrize("raw", MALICIOUS.values(), ids=MALICIOUS.keys())
def test_refuses_what_is_no_batch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, raw: bytes) -> None:
    monkeypatch.chdir(tmp_path)
    Path("batch").write_bytes(raw)
    with pytest.raises(DataError, match="batch"):
        load_python_batch(Path("batch"))
    assert not Path("hit").exists()


@pytest.mark.parametrize(
    ("which", "reason"),
    [
        ("inst", "the pickle instruction INST"),
        ("obj", "the pickle instruction OBJ"),
        ("new object", "the pickle instruction NEWOBJ"),
        ("persistent id", "the pickle instruction PERSID"),
        ("extension code", "the pickle instruction EXT1"),
        ("bytearray of a petabyte", "it ends too early"),
        ("deeply nested key", "it has a dict with keys other than text"),
        ("labels of floats", "its labels are not a list of integers"),
        ("buffer of text", "its data is not an array: an array without its numbers"),
        ("bytes of a petabyte", "the pickle instruction BINBYTES8"),
        ("text", "the byte 60"),
        ("call of numpy.ndarray", "it calls what cannot be called"),
        ("state of a stand-in", "it sets the state of something other than an array"),
        ("codec", "an encoding other than latin1"),
        ("empty", "it ends too early"),
    ],
)
def test_says_why(tmp_path: Path, which: str, reason: str) -> None:
    (tmp_path / "batch").write_bytes(MALICIOUS[which])
    with pytest.raises(DataError, match=reason):
        load_python_batch(tmp_path / "batch")


def test_names_the_refused_call(tmp_path: Path) -> None:
    (tmp_path / "batch").write_bytes(MALICIOUS["eval"])
    with pytest.raises(DataError, match=r"batch: not a CIFAR batch: it names (__builtin__|builtins)\.eval"):
        load_python_batch(tmp_path / "batch")


def test_refuses_a_file_larger_than_any_batch_unread(tmp_path: Path) -> None:
    (tmp_path / "batch").write_bytes(fake.python_batch(*fake.images(2)))
    with pytest.raises(DataError, match="at most 5,000"):
        load_python_batch(tmp_path / "batch", max_bytes=5000)


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="cannot be read"):
        load_python_batch(tmp_path / "batch")


@pytest.mark.parametrize("protocol", [2, 5])
@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_a_damaged_batch_is_refused_or_read_never_a_traceback(
    tmp_path_factory: Any, data: st.DataObject, protocol: int
) -> None:
    raw = bytearray(fake.python_batch(*fake.images(1), protocol=protocol))
    structure = [place for place in range(len(raw)) if place < 250 or place > len(raw) - 60]
    for _ in range(data.draw(st.integers(1, 4))):
        raw[data.draw(st.sampled_from(structure))] = data.draw(st.integers(0, 255))
    path = tmp_path_factory.getbasetemp() / "damaged"
    path.write_bytes(raw[: data.draw(st.integers(0, len(raw)))] if data.draw(st.booleans()) else raw)
    try:
        pixels, labels = load_python_batch(path)
    except DataError:
        return
    assert pixels.shape == (len(labels), 3, 32, 32)
