"""Arrays that were handed on come back as they were; those of another network are refused with all that is wrong."""

import json
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nndl.data.normalize import Normalize
from nndl.engines.reference import REFERENCE
from nndl.errors import CheckpointError
from nndl.export.files import npz_bytes, read_weights, safetensors_bytes
from nndl.export.load import load_arrays, normalization_of
from nndl.export.torch_names import NAMES, to_torch
from nndl.net.catalog.affine import Affine
from nndl.net.catalog.conv import Conv
from nndl.net.catalog.norm import SpatialBn
from nndl.net.network import Network
from nndl.runs.checkpoint import write_checkpoint
from nndl.train.state import pack
from tests.contracts.cases import CASES, Case, name
from tests.export.stirred import stirred

NORMALIZE = Normalize(np.array([120.0, 110, 100]), np.array([60.0, 61, 62]))
MOST = 10**6


def fresh(case: Case) -> Network:
    return Network(*case, REFERENCE, seed=7)


def equal(one: Network, other: Network) -> bool:
    stores = ((one.params, other.params), (one.buffers, other.buffers))
    return all(np.array_equal(a[key], b[key]) for a, b in stores for key in a)


@pytest.mark.parametrize("kind", ["npz", "safetensors"])
@pytest.mark.parametrize("case", CASES, ids=name)
def test_a_network_survives_the_way_through_a_file(tmp_path: Path, case: Case, kind: str) -> None:
    network, _ = stirred(case)
    if any(layer.gradients and type(layer) not in NAMES for layer in case[0]):
        pytest.skip("a layer that is not exported")
    content = (
        npz_bytes(network, NORMALIZE, ("a", "b"))
        if kind == "npz"
        else safetensors_bytes(to_torch(network, NORMALIZE), {})
    )
    (tmp_path / "weights").write_bytes(content)
    arrays = read_weights(tmp_path / "weights", MOST)
    other = fresh(case)
    assert not network.params or not equal(network, other)
    load_arrays(other, arrays, "weights")
    assert equal(network, other)
    normalize = normalization_of(arrays, (3, 32, 32))
    assert normalize is not None
    np.testing.assert_allclose(normalize.mean, NORMALIZE.mean, rtol=1e-7)
    np.testing.assert_allclose(normalize.std, NORMALIZE.std, rtol=1e-7)


@pytest.mark.parametrize("average", ["", "average_"])
def test_the_weights_of_a_runs_own_state_load(tmp_path: Path, average: str) -> None:
    network = stirred(SMALL)[0]
    stores = {"params": fresh(SMALL).params, f"{average}params": network.params, f"{average}buffers": network.buffers}
    write_checkpoint(tmp_path / "best.safetensors", pack(stores), {"step": 1})
    other = fresh(SMALL)
    load_arrays(other, read_weights(tmp_path / "best.safetensors", MOST), "best")
    assert equal(network, other)


SMALL: Case = ((Conv(filters=4), SpatialBn(scale=False), Affine(out_features=16), Affine(out_features=16)), (3, 6, 6))


@pytest.mark.parametrize("theirs", [True, False])
def test_all_that_does_not_fit_is_told_and_nothing_changed(theirs: bool) -> None:
    network = stirred(SMALL)[0]
    arrays = to_torch(network) if theirs else {**network.params, **network.buffers}
    weight, bias = ("weight", "bias") if theirs else ("w", "b")
    arrays = {key: np.array(value) for key, value in arrays.items()}
    del arrays[f"conv1.{weight}"]
    arrays[f"affine9.{weight}"] = np.zeros((2, 3))
    arrays[f"affine1.{weight}"] = arrays[f"affine1.{weight}"].T
    arrays[f"affine2.{bias}"] = np.full(16, np.nan)
    arrays[f"conv1.{bias}"] = np.zeros(4, int)
    other = fresh(SMALL)
    with pytest.raises(CheckpointError) as caught:
        load_arrays(other, arrays, "w.npz")
    assert set(str(caught.value).splitlines()[1:]) == {
        f"  conv1.{weight} (4, 3, 3, 3) is missing",
        f"  affine9.{weight} (2, 3) belongs to no layer",
        f"  affine1.{weight} is {(144, 16) if theirs else (16, 144)}, but {(16, 144) if theirs else (144, 16)} "
        "in the network",
        f"  affine2.{bias} holds values that are not finite",
        f"  conv1.{bias} holds int64, not floats",
    }
    assert equal(other, fresh(SMALL))


def test_a_long_list_of_faults_is_cut() -> None:
    with pytest.raises(CheckpointError, match="and 10 more"):
        load_arrays(fresh(SMALL), {f"x{i}.weight": np.zeros(1) for i in range(40)}, "w")


def test_a_gamma_other_than_one_is_refused_where_the_config_has_none() -> None:
    arrays = to_torch(stirred(SMALL)[0])
    arrays["spatial_bn1.weight"] = np.full(4, 2.0)
    with pytest.raises(CheckpointError, match=r"spatial_bn1\.weight is not all ones"):
        load_arrays(fresh(SMALL), arrays, "w")


def test_weights_without_the_counters_of_pytorch_load_too() -> None:
    network = stirred(SMALL)[0]
    arrays = {key: value for key, value in to_torch(network).items() if not key.endswith("tracked")}
    other = fresh(SMALL)
    load_arrays(other, arrays, "w")
    assert equal(network, other)


def test_a_malformed_normalisation_is_refused() -> None:
    assert normalization_of({}, (3, 32, 32)) is None
    for mean, std in ((np.zeros(4), np.ones(3)), (np.zeros(3), np.zeros(3)), (np.full(3, np.nan), np.ones(3))):
        with pytest.raises(CheckpointError, match="above 0"):
            normalization_of({"mean": mean, "std": std}, (3, 32, 32))


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"\x80\x04N.", b"\x00" * 100, b"{}", b"\xff" * 64])
def test_what_is_no_file_of_weights_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "w").write_bytes(content)
    with pytest.raises(CheckpointError, match=r"no \.safetensors or \.npz file"):
        read_weights(tmp_path / "w", MOST)


def test_an_archive_of_what_is_no_array_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "w.npz", "w") as archive:
        archive.writestr("affine1.w.npy", b"no array")
    with pytest.raises(CheckpointError, match=r"can be read: its affine1\.w\.npy is no array"):
        read_weights(tmp_path / "w.npz", MOST)


PICKLE = b"\x80\x02}q\x00."


@pytest.mark.parametrize("content", [PICKLE, {"archive/data.pkl": PICKLE, "archive/data/0": bytes(40)}])
def test_what_pytorch_saved_is_told_how_it_can_be_read(tmp_path: Path, content: bytes | dict[str, bytes]) -> None:
    if isinstance(content, bytes):
        (tmp_path / "net.pt").write_bytes(content)
    else:
        with zipfile.ZipFile(tmp_path / "net.pt", "w") as archive:
            for member, data in content.items():
                archive.writestr(member, data)
    way = r"save_file\(torch\.load\('net\.pt', weights_only=True\), 'net\.safetensors'\)"
    with pytest.raises(CheckpointError, match=rf"(?s)net\.pt is no \.safetensors or \.npz file.*{way}"):
        read_weights(tmp_path / "net.pt", MOST)


def test_another_zip_is_called_what_it_is(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "net.keras", "w") as archive:
        archive.writestr("model.weights.h5", b"weights")
    with pytest.raises(CheckpointError, match=r"a zip archive that holds 'model\.weights\.h5'$"):
        read_weights(tmp_path / "net.keras", MOST)


def safetensors_file(path: Path, dtype: str, values: bytes, shape: list[int]) -> None:
    """A file of one array, w, written by hand."""
    header = json.dumps({"w": {"dtype": dtype, "shape": shape, "data_offsets": [0, len(values)]}}).encode()
    path.write_bytes(len(header).to_bytes(8, "little") + header + values)


def test_bfloat16_is_read_as_the_float32_it_is_the_upper_half_of(tmp_path: Path) -> None:
    numbers = np.array([[1.0, -2.5, 3.0e38], [0.0, -0.0, np.inf]], np.float32)
    upper = (numbers.view(np.uint32) >> 16).astype("<u2")
    safetensors_file(tmp_path / "w", "BF16", upper.tobytes(), [2, 3])
    read = read_weights(tmp_path / "w", MOST)["w"]
    assert read.dtype == np.float32
    np.testing.assert_array_equal(read, (upper.astype(np.uint32) << 16).view(np.float32))
    np.testing.assert_array_equal(read[0, :2], numbers[0, :2])
    safetensors_file(tmp_path / "w", "F8_E4M3", bytes(6), [2, 3])
    with pytest.raises(CheckpointError, match="w holds F8_E4M3, which is not read; convert it to float32"):
        read_weights(tmp_path / "w", MOST)


@pytest.mark.parametrize("dtype", ["f8", "f4", "f2", "i8", "i4", "i2", "i1", "u8", "u4", "u2", "u1", "?"])
def test_every_other_kind_of_number_is_read_as_it_is(tmp_path: Path, dtype: str) -> None:
    values = np.arange(6).astype(dtype).reshape(2, 3)
    (tmp_path / "w").write_bytes(safetensors_bytes({"w": values}, {}))
    read = read_weights(tmp_path / "w", MOST)["w"]
    assert read.dtype == values.dtype
    np.testing.assert_array_equal(read, values)


def test_an_archive_that_would_fill_the_memory_is_refused_unopened(tmp_path: Path) -> None:
    np.savez_compressed(tmp_path / "bomb.npz", w=np.zeros(10**6))
    assert (tmp_path / "bomb.npz").stat().st_size < 20_000
    with pytest.raises(CheckpointError, match="unpacks to 8,000,"):
        read_weights(tmp_path / "bomb.npz", MOST)


def test_pickles_in_an_archive_are_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "w.npz", w=np.array([{}], object))
    with pytest.raises(CheckpointError, match="pickle"):
        read_weights(tmp_path / "w.npz", MOST)


WHOLE = {
    "npz": npz_bytes(stirred(SMALL)[0], NORMALIZE, ("a",)),
    "safetensors": safetensors_bytes(to_torch(stirred(SMALL)[0], NORMALIZE), {"a": 1}),
}


@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.sampled_from(sorted(WHOLE)), st.data())
def test_a_mangled_file_loads_whole_or_is_refused(tmp_path: Path, kind: str, data: st.DataObject) -> None:
    """A file that loads has every array as it was: both kinds hold checksums."""
    raw = bytearray(WHOLE[kind])
    if data.draw(st.booleans()):
        del raw[data.draw(st.integers(0, len(raw) - 1)) :]
    for _ in range(data.draw(st.integers(1, 4))):
        if raw:
            raw[data.draw(st.integers(0, len(raw) - 1) | st.integers(0, min(len(raw) - 1, 900)))] ^= data.draw(
                st.integers(1, 255)
            )
    (tmp_path / "w").write_bytes(bytes(raw))
    network = fresh(SMALL)
    try:
        arrays = read_weights(tmp_path / "w", MOST)
        normalization_of(arrays, (3, 32, 32))
        load_arrays(network, arrays, "w")
    except CheckpointError:
        return
    assert equal(network, stirred(SMALL)[0])


def header(text: bytes, data: bytes = b"") -> bytes:
    return len(text).to_bytes(8, "little") + text + data


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (header(b"{}"), "holds no arrays"),
        (header(b"[" * 5000), "it does not begin as such a file does"),
        (header(b'{"a":' * 5000 + b"1" + b"}" * 5000), "it does not begin as such a file does"),
        (b"some text and no weights", "it does not begin as such a file does"),
        (header(b'{"x":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}', b"1234"), "it is cut short, or longer than"),
        (header(b'{"x":{"dtype":"F32","shape":[2],"data_offsets":[4,8]}}', b"1234"), "its header says what cannot be"),
    ],
)
def test_a_file_of_no_weights_is_told_in_words_and_not_the_parsers(tmp_path: Path, content: bytes, words: str) -> None:
    (tmp_path / "x.safetensors").write_bytes(content)
    with pytest.raises(CheckpointError, match=words) as caught:
        read_weights(tmp_path / "x.safetensors", 2**20)
    assert "eserializ" not in str(caught.value)


def test_an_archive_of_nothing_holds_no_arrays(tmp_path: Path) -> None:
    np.savez(tmp_path / "x.npz")
    with pytest.raises(CheckpointError, match=r"x\.npz holds no arrays"):
        read_weights(tmp_path / "x.npz", 2**20)
