"""Submissions as they are handed in: folders and zip files from strangers, of which only Python files are taken.

Nothing is unpacked onto the disk. No link is followed, no name leads out of the submission, and all sizes are bounded;
what is left out is told.
"""

import glob
import os
import stat
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path, PurePosixPath

from nndl.check.students.reading import LARGEST
from nndl.errors import UsageError
from nndl.paths import expanded
from nndl.runs.files import open_to_read
from nndl.visible import is_hidden, visible

MOST_FILES = 500
MOST_BYTES = 2**24
MOST_ENTRIES = 20_000
LARGEST_ZIP = 2**28
LONGEST_NAME = 200
NOT_TAKEN = ("site-packages", "node_modules", "__MACOSX", "__pycache__")
MOST_NOTES = 20
INSTEAD = {
    ".ipynb": "a notebook: functions in it are not looked at",
    ".zip": "a zip file within the submission: not looked into",
    ".py": "no Python file for Python, which wants .py in small letters",
}
"""By ending, what some hand in instead of Python files, and what is told of it."""


@dataclass(frozen=True)
class Submission:
    """The folder, the zip file or the one Python file that a student handed in."""

    name: str
    path: Path


@dataclass
class Taken:
    """The Python files of a submission, by their names within it, and what was left out."""

    files: dict[str, bytes] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    instead: list[str] = field(default_factory=list)
    """Files of other kinds that functions may stand in: told where there are no Python files."""

    def note(self, words: str) -> None:
        """Tell what was left out; of very many only the first."""
        if len(self.notes) < MOST_NOTES:
            self.notes.append(visible(words))

    def add(self, name: str, data: bytes) -> None:
        """Take a file, within the bounds."""
        if name in self.files:
            self.note(f"{name} is there twice: the first counts")
        elif len(data) > LARGEST:
            self.note(f"{name} has more than {LARGEST:,} bytes: left out")
        elif len(self.files) >= MOST_FILES or sum(map(len, self.files.values())) + len(data) > MOST_BYTES:
            self.note(f"{name} is more than a submission may hold ({MOST_FILES} files, {MOST_BYTES:,} bytes): left out")
        else:
            self.files[name] = data

    def digest(self) -> str:
        """Return a checksum of all names and contents."""
        summed = sha256()
        for name, data in sorted(self.files.items()):
            summed.update(f"{name}\0{len(data)}\0".encode("utf-8", "surrogatepass") + data)
        return summed.hexdigest()


def submissions(words: Iterable[str | Path]) -> list[Submission]:
    """Return the submissions that are named, patterns such as homework/* expanded where no shell does.

    Raises UsageError for what is not there. Two of one name are told apart by a number.
    """
    found: list[Submission] = []
    names: set[str] = set()
    for path in dict.fromkeys(path for word in words for path in _expanded(expanded(word))):
        own = path if path.is_symlink() else Path(os.path.abspath(path))  # noqa: PTH100  - resolve() follows links
        plain = visible(own.stem if own.suffix.lower() in (".zip", ".py") else own.name)
        name = next(each for each in _numbered(plain) if each.lower() not in names)
        names.add(name.lower())
        found.append(Submission(name, path))
    return found


def _expanded(path: Path) -> list[Path]:
    if path.exists() or path.is_symlink():
        return [path]
    matches = sorted(glob.glob(str(path)))  # noqa: PTH207  - Path.glob takes no absolute patterns
    if not matches:
        raise UsageError(f"{path} is not there: name the folder or zip file of each submission")
    return [Path(each) for each in matches if not Path(each).name.startswith(".")]


def _numbered(name: str) -> Iterator[str]:
    yield name
    number = 1
    while True:
        number += 1
        yield f"{name}-{number}"


def take(path: Path) -> Taken:
    """Return the Python files of a submission. Raises UsageError where it cannot be read at all."""
    if path.is_symlink():
        raise UsageError("it is a link, which leads to somebody else's files")
    if path.is_dir():
        taken = _from_folder(path)
    elif path.is_file() and zipfile.is_zipfile(path):
        taken = _from_zip(path)
    elif path.is_file() and path.suffix == ".py":
        taken = Taken()
        _take_file(taken, path, path.parent)
    else:
        raise UsageError("it is neither a folder nor a zip file nor a Python file")
    if not taken.files:
        why = [*taken.notes, *map(visible, taken.instead[:MOST_NOTES])]
        raise UsageError("it holds no Python files" + "".join(f"; {each}" for each in why))
    return taken


def _from_folder(folder: Path) -> Taken:
    taken, seen = Taken(), 0
    for here, folders, files in os.walk(folder):
        links = [name for name in folders if (Path(here) / name).is_symlink()]
        folders[:] = sorted(name for name in folders if not (name in links or _passed_over(name)))
        for name in [*links, *sorted(files)]:
            seen += 1
            if seen > MOST_ENTRIES:
                taken.note(f"it holds more than {MOST_ENTRIES:,} files: the rest is left out")
                return taken
            _take_file(taken, Path(here) / name, folder)
    return taken


def _take_file(taken: Taken, path: Path, folder: Path) -> None:
    name = path.relative_to(folder).as_posix()
    if path.is_symlink():
        taken.note(f"{name} is a link: left out")
    elif why := _why_not(path.suffix):
        taken.instead.append(f"{name} is {why}")
    elif path.suffix == ".py" and not _passed_over(path.name):
        try:
            with open_to_read(path) as file:
                taken.add(name, file.read(LARGEST + 1))
        except OSError as error:
            taken.note(f"{name} cannot be read ({error.strerror}): left out")


def _from_zip(path: Path) -> Taken:
    taken = Taken()
    if path.stat().st_size > LARGEST_ZIP:
        raise UsageError(f"it is a zip file of more than {LARGEST_ZIP:,} bytes")
    try:
        with zipfile.ZipFile(path) as archive:
            for number, entry in enumerate(archive.infolist()):
                if number >= MOST_ENTRIES:
                    taken.note(f"it holds more than {MOST_ENTRIES:,} files: the rest is left out")
                    break
                _take_entry(taken, archive, entry)
    except (zipfile.BadZipFile, OSError, ValueError, EOFError) as error:
        raise UsageError(f"it is a damaged zip file: {error}") from None
    return taken


def _take_entry(taken: Taken, archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> None:
    name, kind = entry.filename.replace("\\", "/"), stat.S_IFMT(entry.external_attr >> 16)  # as Windows may write it
    parts = PurePosixPath(name).parts
    if (why := _why_not(PurePosixPath(name).suffix)) and not any(_passed_over(part) for part in parts):
        taken.instead.append(f"{name} is {why}")
    if not name.endswith(".py") or any(_passed_over(part) for part in parts if part != ".."):
        return
    if kind not in (0, stat.S_IFREG):
        taken.note(f"{name} is a link, or no file: left out")
    elif not is_inside(name):
        taken.note(f"{name} would lie outside the submission: left out")
    else:
        try:
            with archive.open(entry) as file:
                taken.add(name, file.read(LARGEST + 1))
        except Exception as error:  # of each kind of damage, and each way to compress, another
            taken.note(f"{name} cannot be unpacked ({error}): left out")


def _why_not(suffix: str) -> str:
    """Say what a file of this ending is, that students hand in instead of a Python file; "" of all others."""
    return "" if suffix == ".py" else INSTEAD.get(suffix.lower(), "")


def is_inside(name: str) -> bool:
    """Tell whether a name of a zip's file is a plain way down from the submission's folder, on every system."""
    parts = name.split("/")
    odd = any(char in '\\:*?"<>|' or is_hidden(char) for char in name) or len(name) > LONGEST_NAME or len(parts) > 20
    return not odd and all(part.strip(". ") for part in parts)


def _passed_over(name: str) -> bool:
    return name in NOT_TAKEN or name.startswith(".")
