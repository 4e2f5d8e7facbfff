"""Parquet files as the hub lays them out: the pictures of a row's bytes, under the names in the schema."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nndl.data.pictures import decode_picture
from nndl.data.sources import parquet
from nndl.data.sources.inspecting import inspect_pictures
from nndl.data.sources.parquet import gather, load, survey
from nndl.data.sources.wanted import Found, Wanted
from nndl.errors import DataError
from tests.data.photographs import coded
from tests.data.sources.drawn import picture

pa = pytest.importorskip("pyarrow")
pq = pytest.importorskip("pyarrow.parquet")
NAMES = ("cat", "dog", "owl")


def rows(count: int, first: int = 0) -> tuple[list[bytes], list[int]]:
    numbers = range(first, first + count)
    return [coded(picture(NAMES[n % 3], n), ("PNG", "JPEG")[n % 2]) for n in numbers], [n % 3 for n in numbers]


def write(path: Path, pictures: list[Any], labels: Any, named: bool = True, image: str = "image") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    cells = [{"bytes": each, "path": None} if isinstance(each, bytes) else each for each in pictures]
    table = pa.table({image: cells, "label": labels if isinstance(labels, pa.Array) else pa.array(labels)})
    features = {image: {"_type": "Image"}, "label": {"names": list(NAMES), "_type": "ClassLabel"}}
    note = {"huggingface": json.dumps({"info": {"features": features}})} if named else {}
    pq.write_table(table.replace_schema_metadata(note), path, row_group_size=7)


def test_pictures_are_those_of_the_rows(tmp_path: Path) -> None:
    first, labels = rows(20)
    more, others = rows(10, 20)
    tests, answers = rows(12, 50)
    write(tmp_path / "data" / "train-00000-of-00002.parquet", first, labels)
    write(tmp_path / "data" / "train-00001-of-00002.parquet", more, others)
    write(tmp_path / "data" / "test-00000-of-00001.parquet", tests, answers)
    wanted = Wanted(tmp_path, (16, 12))
    data = load(wanted)
    assert survey(wanted) == Found((3, 16, 12), NAMES, 30)
    np.testing.assert_array_equal(data.train.labels, labels + others)
    np.testing.assert_array_equal(data.test.labels, answers)
    for pixels, content in zip(data.train.images, first + more, strict=True):
        np.testing.assert_array_equal(pixels, decode_picture(content, "x", (3, 16, 12)))


def test_validation_files_join_or_stand_apart(tmp_path: Path) -> None:
    for number, part in enumerate(("train", "validation", "test")):
        write(tmp_path / f"{part}-00000-of-00001.parquet", *rows(9, 10 * number))
    joined, apart = load(Wanted(tmp_path, (8, 8))), load(Wanted(tmp_path, (8, 8), valid_apart=True))
    assert (len(joined.train), joined.valid, len(apart.train), apart.valid) == (18, 0, 18, 9)
    assert survey(Wanted(tmp_path, valid_apart=True)) == Found((3, 32, 32), NAMES, 9, 9)
    assert apart.digest == joined.digest


def test_one_file_is_split_and_classes_may_be_taken(tmp_path: Path) -> None:
    write(tmp_path / "train-00000-of-00001.parquet", *rows(30), named=False, image="img")
    data = load(Wanted(tmp_path, (8, 8)))
    assert (data.classes, len(data.train), len(data.test)) == (("0", "1", "2"), 24, 6)
    assert np.bincount(data.test.labels).tolist() == [2, 2, 2]
    some = load(Wanted(tmp_path / "train-00000-of-00001.parquet", (8, 8), classes=("2", "0")))
    assert (len(some.train), len(some.test)) == (16, 4)


def test_damaged_rows_are_named_or_skipped(tmp_path: Path) -> None:
    pictures, labels = rows(30)
    pictures[4], pictures[9] = b"no picture", None
    write(tmp_path / "train.parquet", pictures, labels)
    with pytest.raises(DataError, match=r"2 pictures of .*\n.*row 4 is no picture.*\n.*row 9 holds no picture's bytes"):
        load(Wanted(tmp_path, (8, 8)))
    data = load(Wanted(tmp_path, (8, 8), skip_damaged=True))
    assert len(data.train) + len(data.test) == 28


def test_a_look_names_what_is_damaged_each_time_and_marks_a_class_of_nothing_else(tmp_path: Path) -> None:
    pictures, labels = rows(30)
    damaged = [None if row == 4 or row % 3 == 2 else each for row, each in enumerate(pictures)]
    write(tmp_path / "train.parquet", damaged, labels)
    write(tmp_path / "test.parquet", pictures[:6], labels[:6])
    for _ in range(2):
        found = inspect_pictures(gather, Wanted(tmp_path, skip_damaged=True))
        assert [fault.classes for fault in found.faults] == [("owl",)]
        assert "no picture of owl to train on is whole" in found.faults[0].words
        assert sorted(label for label, _ in found.damaged) == [1, *[2] * 10]
    assert found.sizes[0] == picture("cat", 0).size


@pytest.mark.parametrize("labels", [[0, 1] * 15, [0, 1, 2]])
def test_faults_of_classes_are_noted_where_it_is_looked_at(tmp_path: Path, labels: list[int]) -> None:
    write(tmp_path / "train.parquet", rows(len(labels))[0], labels)
    found = inspect_pictures(gather, Wanted(tmp_path))
    assert found.classes == NAMES
    assert [fault.classes for fault in found.faults] == [NAMES if len(labels) == 3 else ("owl",)]
    assert len(found.labels) == len(labels)
    with pytest.raises(DataError, match=f"^{tmp_path}.*(too few to train and test on|is of owl)"):
        load(Wanted(tmp_path, (8, 8)))


@pytest.mark.parametrize(
    ("labels", "words"),
    [
        ([3] * 30, "labels go to 3, and 3 classes are named"),
        ([0, 1] * 15, "no picture to train on is of owl"),
        ([-2] * 30, "labels below 0"),
        (pa.array([2**63, 1] * 15, pa.uint64()), r"labels of 2\^63 and more"),
        ([[[0]]] * 30, "neither whole numbers nor text"),
        (["a", "b" * 1000] * 15, "labels of more than 255 letters"),
    ],
)
def test_labels_that_are_none_are_refused(tmp_path: Path, labels: Any, words: str) -> None:
    write(tmp_path / "train.parquet", rows(30)[0], labels)
    with pytest.raises(DataError, match=words):
        survey(Wanted(tmp_path))


def test_a_small_file_that_says_much_is_refused_before_it_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parquet, "MOST_IMAGES", 29)
    write(tmp_path / "train.parquet", rows(30)[0], [0, 1] * 15, named=False)
    with pytest.raises(DataError, match="holds 30 rows; at most 29 are read"):
        survey(Wanted(tmp_path))
    write(tmp_path / "train.parquet", rows(20)[0], [0, 10**15] * 10, named=False)
    with pytest.raises(DataError, match="go to 1,000,000,000,000,000, which are no numbers of classes"):
        survey(Wanted(tmp_path))


def test_what_is_no_such_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "train-0.parquet").mkdir()
    with pytest.raises(DataError, match=r"holds no train-\*\.parquet"):
        survey(Wanted(tmp_path))
    (tmp_path / "train.parquet").write_bytes(b"PAR1 no file PAR1")
    with pytest.raises(DataError, match="is no parquet file"):
        survey(Wanted(tmp_path))
    pq.write_table(pa.table({"a": [1]}), tmp_path / "train.parquet")
    with pytest.raises(DataError, match="has columns a; one of label"):
        survey(Wanted(tmp_path))


def test_labels_of_text_are_classes_in_the_order_of_their_letters(tmp_path: Path) -> None:
    pictures, labels = rows(24)
    words: list[Any] = [NAMES[-1 - label] for label in labels]
    words[5], words[6] = None, ""

    def put(name: str, column: Any) -> None:
        table = pa.table({"image": [{"bytes": each, "path": None} for each in pictures], "label": column})
        pq.write_table(table, tmp_path / f"{name}.parquet")

    put("train-0", pa.array(words, pa.string()))
    put("test-0", pa.array(words, pa.string()).dictionary_encode())
    data = load(Wanted(tmp_path, (8, 8)))
    assert data.classes == NAMES
    expected = [NAMES.index(word) for word in words if word]
    assert data.train.labels.tolist() == data.test.labels.tolist() == expected
    put("test-0", pa.array(labels, pa.int64()))
    with pytest.raises(DataError, match=r"train-0\.parquet has labels of text, and .*test-0\.parquet numbers"):
        survey(Wanted(tmp_path))


def test_files_spelled_differently_are_not_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path / "hub" / "data" / "train-00000-of-00001.parquet", *rows(20))
    first = load(Wanted(tmp_path / "hub", (8, 8)))
    monkeypatch.setattr(parquet, "_rows", pytest.fail)
    monkeypatch.chdir(tmp_path)
    assert load(Wanted(Path("hub"), (8, 8))).digest == first.digest
