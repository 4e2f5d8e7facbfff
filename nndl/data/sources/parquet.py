"""Data sets in parquet files as the Hugging Face hub lays them out: a picture's bytes and its label in each row.

train-00000-of-00001.parquet, test-..., validation-..., in the folder or its data/; columns image (or img) and label
(or fine_label), whose names stand in the schema. Needs pyarrow.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from nndl.data.dataset import Dataset
from nndl.data.hidden import without_hidden
from nndl.data.sources.building import Pictures, build, shape_of
from nndl.data.sources.cache import stamp_of
from nndl.data.sources.decoding import Named
from nndl.data.sources.wanted import MOST_IMAGES, Fault, Found, Wanted, chosen, listed, require_root
from nndl.data.split import stratified_split
from nndl.errors import DataError, MissingExtraError
from nndl.paths import resolved
from nndl.visible import visible

Array = NDArray[Any]
IMAGES, LABELS = ("image", "img", "picture"), ("label", "labels", "fine_label", "class")
PARTS = {"train": ("train",), "valid": ("validation", "valid", "val"), "test": ("test",)}
MOST_LETTERS = 255
"""Of a label that is text, as of a folder's name."""
_BATCH, _LABELS = 8, 256  # rows read at a time, of pictures and of labels: a small file may repeat a large value


class _Tables(NamedTuple):
    """The files of the parts, and the number of each row's class in them, -1 for rows that are not taken."""

    classes: tuple[str, ...]
    train: dict[Path, Array]
    test: dict[Path, Array]
    valid: dict[Path, Array]

    @property
    def counts(self) -> tuple[int, int, int]:
        """Return the number of pictures to train on, to validate on apart, and to test on."""
        learnt, held_out, tested = (
            sum(int((rows >= 0).sum()) for rows in part.values()) for part in (self.train, self.valid, self.test)
        )
        return learnt, held_out, tested


def survey(wanted: Wanted) -> Found:
    """Tell what the files hold by their labels. Raises DataError, and MissingExtraError without pyarrow."""
    tables = _tables(wanted)
    return Found(shape_of(wanted), tables.classes, *tables.counts[:2])


def load(wanted: Wanted) -> Dataset:
    """Read the pictures, as `nndl.data.sources.building.build` does. Raises as `survey` does."""
    return build(gather(wanted), wanted)


def gather(wanted: Wanted) -> Pictures:
    """List the pictures by their labels; none is read. Raises as `survey` does."""
    tables, root = _tables(wanted), resolved(wanted.root)
    valid = tables.valid
    files = sorted({*tables.train, *tables.valid, *tables.test})
    return Pictures(
        visible(root.stem) or "parquet",
        tables.classes,
        sum(tables.counts),
        (str(root), wanted.test_share, wanted.seed, *(["valid"] if valid else [])),
        lambda: stamp_of(_row(path, wanted.root) for path in files),
        lambda: chain.from_iterable(_rows(path, rows) for path, rows in tables.train.items()),
        lambda: chain.from_iterable(_rows(path, rows) for path, rows in tables.test.items()),
        (lambda: chain.from_iterable(_rows(path, rows) for path, rows in valid.items())) if valid else None,
    )


def _row(path: Path, root: Path) -> tuple[object, ...]:
    """Describe a file by its name below `root`, however that is spelled, its size and its time."""
    about = path.stat()
    return path.relative_to(root).as_posix(), about.st_size, about.st_mtime_ns


def _tables(wanted: Wanted) -> _Tables:
    """Read the labels, and divide the rows as a folder's pictures are divided."""
    parts = _files(require_root(wanted.root))
    train, valid, test = parts["train"], parts["valid"], parts["test"]
    if not test:
        valid, test = [], valid
    elif not wanted.valid_apart:
        train, valid = train + valid, []
    if not train:
        raise DataError(f"{wanted.root} holds no train-*.parquet, in itself or in data/")
    labels = {path: _labels(path) for path in [*train, *valid, *test]}
    if sum(map(len, labels.values())) > MOST_IMAGES:
        raise DataError(f"{wanted.root} holds over {MOST_IMAGES:,} pictures, the most that are read")
    names, labels = _numbered(labels, _names(train[0]), wanted.root)
    classes = chosen(names, wanted)
    numbers = np.full(len(names) + 1, -1)  # the last is that of rows without a label
    numbers[[names.index(name) for name in classes]] = np.arange(len(classes))
    taken = {path: numbers[rows] for path, rows in labels.items()}
    learnt = set(np.concatenate([taken[path] for path in train]).tolist())
    if missing := [name for number, name in enumerate(classes) if number not in learnt]:
        words = f"{wanted.root}: no picture to train on is of {listed(missing)}; leave it out of data.classes"
        wanted.note(Fault(tuple(missing), words))
    if test:
        return _Tables(classes, *({path: taken[path] for path in part} for part in (train, test, valid)))
    return _Tables(classes, *_divided({path: taken[path] for path in train}, classes, wanted), {})


def _numbered(labels: dict[Path, Array], known: list[str], root: Path) -> tuple[list[str], dict[Path, Array]]:
    """Return the names of the classes, and the number of each row's: text is numbered in the order of its letters."""
    texts = {path for path, rows in labels.items() if rows.dtype.kind == "U"}
    if others := sorted(labels.keys() - texts if texts else ()):
        raise DataError(f"{sorted(texts)[0]} has labels of text, and {others[0]} numbers")
    if texts:
        names = sorted(set(np.concatenate(list(labels.values())).tolist()) - {""})
        return names, {
            path: np.where(rows == "", -1, np.searchsorted(np.array(names, str), rows)) for path, rows in labels.items()
        }
    top = max(int(rows.max(initial=-1)) for rows in labels.values())
    if known and top >= len(known):
        raise DataError(f"{root}: labels go to {top}, and {len(known)} classes are named")
    if top >= MOST_IMAGES:
        raise DataError(f"{root}: labels go to {top:,}, which are no numbers of classes")
    names = known or [str(number) for number in range(top + 1)]
    return names, labels


def _divided(
    taken: dict[Path, Array], classes: Sequence[str], wanted: Wanted
) -> tuple[dict[Path, Array], dict[Path, Array]]:
    """Draw the rows that test."""
    rows = np.concatenate(list(taken.values()))
    index = np.flatnonzero(rows >= 0)
    least = len(classes)
    if len(index) < 2 * least:
        words = f"{wanted.root} has {len(index):,} pictures of {least:,} classes: too few to train and test on"
        wanted.note(Fault(tuple(classes), words))
        return taken, {}
    count = min(max(round(wanted.test_share * len(index)), least), len(index) - least)
    _, drawn = stratified_split(rows[index], count, wanted.seed)
    tested = np.zeros(len(rows), bool)
    tested[index[drawn]] = True
    edges = np.cumsum([len(each) for each in taken.values()])[:-1]
    parts = [np.split(np.where(keep, rows, -1), edges) for keep in (~tested, tested)]
    train, test = (dict(zip(taken, part, strict=True)) for part in parts)
    return train, test


def _files(root: Path) -> dict[str, list[Path]]:
    """Find the files of each part. Raises DataError where root cannot be read."""
    try:
        if root.is_file():
            return {"train": [root], "valid": [], "test": []}
        there = [
            path for folder in (root, root / "data") if folder.is_dir() for path in without_hidden(folder.iterdir())
        ]
    except OSError as error:
        raise DataError(f"{root} cannot be read: {error.strerror or error}") from None
    files = [path for path in there if path.suffix == ".parquet" and path.is_file()]
    return {
        part: [path for path in files if path.name.partition("-")[0].removesuffix(".parquet") in names]
        for part, names in PARTS.items()
    }


def _labels(path: Path) -> Array:
    """Read the class of each row, int64 or text; -1 or "" where it has none."""
    column = _column(path, LABELS)
    values = _read(path, partial(_values, path, column))
    if {type(value) for value in values} - {type(None)} == {str}:
        return np.array([value or "" for value in values], str)
    if not all(value is None or isinstance(value, int) for value in values):
        raise DataError(f"{path}: {column} holds labels that are neither whole numbers nor text")
    if max((value for value in values if value is not None), default=0) >= 2**63:
        raise DataError(f"{path}: {column} holds labels of 2^63 and more")
    labels = np.array([-1 if value is None else value for value in values], np.int64)
    if labels.min(initial=-1) < -1:
        raise DataError(f"{path}: {column} holds labels below 0")
    return labels


def _values(path: Path, column: str, file: Any) -> list[Any]:
    """Read a column of labels. Raises DataError for too many of them, or for long text."""
    rows = sum(file.metadata.row_group(group).num_rows for group in range(file.num_row_groups))
    if rows > MOST_IMAGES:
        raise DataError(f"{path} holds {rows:,} rows; at most {MOST_IMAGES:,} are read")
    values = list[Any]()
    for batch in file.iter_batches(_LABELS, columns=[column]):
        cells = batch.column(0).to_pylist()
        if any(isinstance(cell, str | bytes) and len(cell) > MOST_LETTERS for cell in cells):
            raise DataError(f"{path}: {column} holds labels of more than {MOST_LETTERS} letters")
        values += cells
    return values


def _names(path: Path) -> list[str]:
    """Return the classes' names out of the hub's note in the schema; [] where it has none."""
    note = _read(path, lambda file: (file.schema_arrow.metadata or {}).get(b"huggingface", b""))
    try:
        names = json.loads(note)["info"]["features"][_column(path, LABELS)]["names"]
        return [str(name) for name in names] if isinstance(names, list) else []
    except (ValueError, KeyError, TypeError, RecursionError):
        return []


def _rows(path: Path, numbers: Array) -> Iterator[Named]:
    """Yield the pictures of the rows that have a number."""
    column, row = _column(path, IMAGES), 0
    with _in_words(path):
        for batch in _parquet(path).iter_batches(_BATCH, columns=[column]):
            wanted = numbers[row : row + len(batch)]
            cells = batch.column(0).to_pylist() if (wanted >= 0).any() else []
            for number, cell in zip(wanted.tolist(), cells, strict=False):
                if number >= 0:
                    content = cell.get("bytes") if isinstance(cell, dict) else cell
                    yield Named(f"{path}, row {row}", number, partial(_content, path, row, content))
                row += 1
            row += len(batch) - len(cells)


def _content(path: Path, row: int, content: Any) -> bytes:
    if not isinstance(content, bytes):
        raise DataError(f"{path}, row {row} holds no picture's bytes")
    return content


def _column(path: Path, names: tuple[str, ...]) -> str:
    there: list[str] = _read(path, lambda file: file.schema_arrow.names)
    if column := next((name for name in names if name in there), None):
        return column
    raise DataError(f"{path} has columns {listed(there)}; one of {', '.join(names)} is needed")


def _read(path: Path, use: Callable[[Any], Any]) -> Any:
    """Return what `use` makes of an open file. Raises DataError where it is damaged, and MissingExtraError."""
    with _in_words(path):
        return use(_parquet(path))


def _parquet(path: Path) -> Any:
    """Open a file. Raises MissingExtraError without pyarrow."""
    try:
        from pyarrow.parquet import ParquetFile
    except ImportError:
        raise MissingExtraError("pyarrow", "parquet", "reading parquet files") from None
    return ParquetFile(path)


@contextmanager
def _in_words(path: Path) -> Iterator[None]:
    """Turn what the library raises into a DataError."""
    try:
        yield
    except (OSError, ValueError, KeyError, TypeError, IndexError, NotImplementedError) as error:  # Arrow's are of these
        raise DataError(f"{path} is no parquet file that can be read: {str(error)[:200]}") from None
