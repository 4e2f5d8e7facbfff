"""From the text of a config to a frozen `Experiment`, or to everything that is wrong with it."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from copy import deepcopy
from functools import partial
from os import PathLike
from pathlib import Path as FilePath
from typing import Any

from pydantic import ValidationError

from nndl.config.advice import for_key
from nndl.config.bundled import folder, locate
from nndl.config.checking import checks
from nndl.config.expanding import BLOCKS, ROWS, Expansion, in_words, parameters
from nndl.config.given import PLACE, check_given
from nndl.config.own.using import Find, idle, names_in, nothing, of_config, used
from nndl.config.pieces import Pieces
from nndl.config.reading import overrides
from nndl.config.reading.marked import MOST_CHARACTERS, Marked, read
from nndl.config.reading.messages import Mark, Path, Problem, ProblemsError
from nndl.config.schema import ONE_OF, Data, Experiment
from nndl.config.settle import TOLD, UnsettledError, settled
from nndl.config.translate import translate
from nndl.data.dataset import Dataset
from nndl.data.sources.registry import SOURCES
from nndl.errors import ConfigError, UsageError
from nndl.flags import require_flags
from nndl.own.running import explained
from nndl.own.source import Source
from nndl.own.trust import is_run
from nndl.paths import expanded, resolved
from nndl.visible import beware, visible

ROW = next(key for key in ONE_OF if key.what == "layer")
MOST_BYTES = 4 * MOST_CHARACTERS
SPACE: Path = ("space",)
"""The key that a sweep's file has, and no config."""


def load_config(
    source: str | FilePath, sets: Sequence[str] = (), data: Dataset | None = None, *, look: bool = False
) -> Experiment:
    """Read the experiment a file describes, `sets` ("train.epochs=5") applied to it.

    source: a path, or the name of a bundled config. data: images (`Dataset.from_arrays`) in the place of those that the
    file names: size, channels and classes follow them, and `build` or `train` is given them, too. look: run none of the
    code that its `use:` names, unless that was chosen before. Raises ConfigError with everything that is wrong, each
    with its line, UsageError for a `sets` that is not KEY=VALUE or has no place to go, and UntrustedError for code that
    is not to be run unasked.
    """
    if not isinstance(source, str | PathLike):
        raise UsageError(f"a config is named by its file or as a bundled one, not by {type(source).__name__}")
    if not (isinstance(sets, str) or all(isinstance(each, str) for each in sets)):
        raise UsageError(f"sets is a list of words such as 'train.epochs=5', not {sets!r}")
    if isinstance(sets, str):
        raise UsageError(f"sets is a list of such words: load_config({str(source)!r}, [{sets!r}])")
    require_flags(look=look)
    if data is not None:
        check_given(data)
    path = locate(source)
    called = str(source) if expanded(source).is_file() else path.name
    find = of_config(path.parent, look=look or is_run(path.parent))
    return parse_config(read_text(path), called, sets, _name(path), given=data, find=find)


@contextmanager
def parts_of(source: str | FilePath) -> Iterator[None]:
    """Have, within, the parts known that a config's `use:` names, which is looked at: the rest of it may be wrong.

    Raises what `load_config` does for what it names.
    """
    path = locate(source)
    loader = _Loader(read(read_text(path), str(source)))
    with used(loader.sources(of_config(path.parent, look=True)), loader.failed):
        loader.refuse_problems()
        yield


def read_text(path: FilePath) -> str:
    """Read a config's text; raises ConfigError for a file that cannot be read, is no UTF-8, or is too large."""
    try:
        with path.open("rb") as file:
            content = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}") from None
    return decoded(content, path)


def decoded(content: bytes, path: FilePath) -> str:
    """Decode a config's text, its lines ended as Python reads them; raises ConfigError for what is none."""
    if len(content) > MOST_BYTES:
        raise ConfigError(f"{path} is too large for a config")
    try:
        return content.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path} is not UTF-8 text (see byte {error.start}); save it as UTF-8") from None


def parse_config(
    text: str,
    source: str,
    sets: Sequence[str] = (),
    name: str = "unnamed",
    *,
    begun: bool = False,
    given: Dataset | None = None,
    find: Find = nothing,
) -> Experiment:
    """Read the experiment that `text` describes; `source` is what errors call it.

    A run that has begun is read even where a new one would be refused for what is bad for it but not wrong. find: the
    way to the code that it uses, which may be run if it is found.
    """
    marked = read(text, source)
    if not isinstance(marked.value, dict):
        what = "is empty" if marked.value is None else "is not a mapping of keys to values"
        problem = Problem((), f"this config {what}; begin with model: and layers:", Mark(0, 0))
        raise ProblemsError(source, text, [problem])
    if is_sweep(marked.value):
        words = "this is a sweep's file, not a config: nndl sweep FILE trains it, nndl config check FILE checks it"
        raise ProblemsError(source, text, [Problem(SPACE, words, marked.place(SPACE, at_key=True))])
    return _Loader(marked, given).experiment(sets, name, begun, find)


def is_sweep(tree: Any) -> bool:
    """Tell whether this is what a sweep's file says, which names a config and is none."""
    return isinstance(tree, dict) and SPACE[0] in tree and "model" not in tree


def _name(path: FilePath) -> str:
    """Name the runs of this config: bn_cnn, or ladder-90 for ladder/90."""
    path, bundled = resolved(path), resolved(folder())
    inside = path.relative_to(bundled) if path.is_relative_to(bundled) else FilePath(path.name)
    return "-".join(inside.with_suffix("").parts)


class _Loader:
    """Checks one tree, collecting every problem."""

    cause: ConfigError | None = None
    """The error that the first of the problems comes from, for its traceback."""

    def __init__(self, marked: Marked, given: Dataset | None = None) -> None:
        self.marked, self.given = marked, given
        self.tree: dict[str, Any] = deepcopy(marked.value)
        self.set: dict[Path, str] = {}
        self.problems: list[Problem] = []
        self.expansion: Expansion | None = None
        self.told: set[tuple[Path, str]] = set()

    def experiment(self, sets: Sequence[str], name: str, begun: bool, find: Find) -> Experiment:
        """Make the experiment: the code it uses comes first, since it says what else may stand there."""
        of_use = [text for text in sets if overrides.parse(text)[0][0] == "use"]
        self._apply(of_use)
        sources = self.sources(find)
        with used(sources, self.failed):
            for number, words in enumerate(map(idle, () if begun else sources)):
                if words:
                    self.report(("use", number), words)
            self.refuse_problems()
            self._apply([text for text in sets if text not in of_use])
            if self.given is not None and isinstance(self.tree.setdefault("data", {}), dict):
                self.tree["data"] |= PLACE
            with explained():
                experiment = self._experiment(name, begun)
        return experiment.with_sources(sources)

    def sources(self, find: Find) -> Sequence[Source]:
        """Find the code that it uses."""
        names = names_in(self.tree, self.report)
        self.refuse_problems()
        sources = find(names, lambda number, words: self.report(("use", number), words))
        self.refuse_problems()
        return sources

    def _apply(self, sets: Sequence[str]) -> None:
        self.set |= {overrides.apply(self.tree, text): text for text in sets}

    def failed(self, number: int, error: ConfigError) -> None:
        """Note that the code of that number cannot be used."""
        self.report(("use", number), str(error))
        self.cause = self.cause or error

    def refuse_problems(self) -> None:
        """Raise ProblemsError where anything is wrong so far."""
        if self.problems:
            raise ProblemsError(self.marked.source, self.marked.text, self.problems) from self.cause

    def _experiment(self, name: str, begun: bool) -> Experiment:
        self._write_out()
        plain = self._with_pieces()
        # A file may be called what no text can hold, as bytes that are no UTF-8: the name is what is shown of it.
        experiment = self._validated({"name": visible(name), **plain})
        if experiment is not None and not self.problems:
            checks.check(experiment, self.tree, self.report, begun)
        self.refuse_problems()
        assert experiment is not None
        beware(experiment.name)
        return experiment

    def _write_out(self) -> None:
        """Write out what the layers repeat, and the blocks they use."""
        model = self.tree.get("model")
        if isinstance(model, dict) and "layers" in model:
            self.expansion = Expansion(model, self.report, lambda path: self.marked.place(path).line + 1)
            self.tree["model"] = {**model, "layers": self.expansion.layers}
            self.tree["model"].pop("define", None)

    def report(self, path: Path, words: str, at_key: bool = False) -> None:
        """Note what is wrong at `path`, in the file or in the option that put it there."""
        if self.expansion is not None:
            path, within = self.expansion.origin(path)
            if within and (path, words) in self.told:
                return  # of a block that is used again
            self.told.add((path, words))
            words += in_words(within)
        source = next(
            (overrides.called(text) for at, text in reversed(self.set.items()) if path[: len(at)] == at), None
        )
        inside = [
            overrides.called(text)
            for at, text in self.set.items()
            if path and len(at) > len(path) and at[: len(path)] == path
        ]
        if inside and path not in self.marked.values:
            source = source or inside[-1]
        elif inside:
            words += f" (with {inside[-1]})"
        self.problems.append(Problem(path, words, self.marked.place(path, at_key), source))

    def _with_pieces(self) -> dict[str, Any]:
        """Return the tree with what names a layer, an optimizer, ... built; report and leave out what could not be."""
        result = {key: dict(value) if isinstance(value, dict) else value for key, value in self.tree.items()}
        images = self._images()
        if images is not None and images.dataset in SOURCES:
            result["data"] |= {key: getattr(images, key) for key in TOLD}
        pieces = Pieces(self.report, len(images.class_names) if images else 1)
        for key in ONE_OF:
            inside = result.get(key.section)
            if not isinstance(inside, dict) or key.name not in inside:
                continue
            before = len(self.problems)
            built = pieces.at(key, inside.pop(key.name), (key.section, key.name))
            if len(self.problems) == before:
                inside[key.name] = built
        for path, row in self.expansion.unused() if self.expansion else ():
            Pieces(partial(self._report_unused, row, path)).at(ROW, row, path)
        train = result.get("train")
        if isinstance(train, dict) and "groups" in train:
            train["groups"] = pieces.groups(train["groups"])
        return result

    def _report_unused(self, row: list[Any], start: Path, path: Path, words: str, at_key: bool = False) -> None:
        """Report what is wrong with a block that nothing uses, but for what depends on values that it is not given."""
        node: Any = row
        for step in path[len(start) :]:
            node = node[step] if isinstance(node, list) or step in node else None  # type: ignore[index]  # by its kind
        if at_key or words.endswith("is missing") or not any(parameters(node)):
            self.report(path, words, at_key)

    def _images(self) -> Data | None:
        """Return the data section with what its images tell of themselves; None where it is wrong.

        What does not fit the images is reported; what cannot be at all `_validated` reports.
        """
        given = self.tree.get("data")
        pieces = [key.name for key in ONE_OF if key.section == "data"]
        said = {key: value for key, value in given.items() if key not in pieces} if isinstance(given, dict) else {}
        try:
            return settled(Data.model_validate(said), self.given)
        except ValidationError:
            return None
        except UnsettledError as error:
            self.report(("data", error.key), str(error))
            return None

    def _validated(self, plain: dict[str, Any]) -> Experiment | None:
        try:
            return Experiment.model_validate(plain)
        except ValidationError as error:
            reported = {problem.path for problem in self.problems}
            reported |= {ROWS for path in reported if path[: len(BLOCKS)] == BLOCKS}
            for path, words, at_key in translate(error, plain, for_key, Experiment):
                piece_failed = words.endswith("is missing") and any(at[: len(path)] == path for at in reported)
                if not piece_failed:
                    self.report(path, words, at_key)
            return None
