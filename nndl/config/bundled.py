"""The configs that come with the package: in a clone they stand in configs/, in an installed wheel inside it."""

from pathlib import Path

import nndl
from nndl.config.advice import suggest
from nndl.errors import ConfigError
from nndl.paths import expanded

SUFFIXES = (".yaml", ".yml")


def folder() -> Path:
    """Return the folder of the bundled configs."""
    package = Path(nndl.__file__).parent
    installed = package / "bundled_configs"
    return installed if installed.is_dir() else package.parent / "configs"


SWEEPS = "sweeps/"
"""The folder of the files of sweeps, which name configs and are none."""
OWN = "own/"
"""The folder of configs for images of one's own, without which they cannot be read."""


def names() -> list[str]:
    """List their names, such as "bn_cnn" and "ladder/90"; those at the top first, none for images of one's own."""
    return [name for name in _all_names() if not name.startswith((SWEEPS, OWN))]


def own_names() -> list[str]:
    """List the names of those for images of one's own, such as "own/folder"."""
    return [name for name in _all_names() if name.startswith(OWN)]


def sweep_names() -> list[str]:
    """List the names of the bundled sweeps, such as "bn_cnn"."""
    return [name.removeprefix(SWEEPS) for name in _all_names() if name.startswith(SWEEPS)]


def _all_names() -> list[str]:
    found = [path.relative_to(folder()).with_suffix("").as_posix() for path in folder().rglob("*.yaml")]
    return sorted(found, key=lambda name: (name.count("/"), name))


def bundled(name: str) -> Path:
    """Return the bundled config called `name`, be it "bn_cnn", "bn_cnn.yaml" or "configs/bn_cnn.yaml".

    Raises ConfigError with the nearest one if there is none.
    """
    bare = _bare(Path(name))
    if bare not in (*names(), *own_names()):
        raise ConfigError(f"no bundled config {name!r}; {_in_its_place(bare)}")
    return folder() / f"{bare}.yaml"


def _bare(path: Path) -> str:
    """Return the name in configs/NAME.yaml."""
    name = path.as_posix().removeprefix("configs/")
    return name.removesuffix(path.suffix) if path.suffix in SUFFIXES else name


def _in_its_place(name: str) -> str:
    """Say what there is instead: the configs in the folder of this name, or the one whose name is nearest."""
    inside = [each for each in (*names(), *own_names()) if each.startswith(f"{name}/")]
    if name == "latest":
        return "the config of a run is RUN/config.yaml, in its folder, which nndl runs names"
    return f"in {name}/ there are {', '.join(inside)}" if inside else suggest(name, names())


def locate(source: str | Path) -> Path:
    """Find the file that `source` means: a path, a bundled config's name, or configs/NAME.yaml away from a clone.

    A file that is there comes first. Raises ConfigError, naming the nearest bundled config, when there is none.
    """
    path, text = expanded(source), str(source)
    if not text.strip():
        raise ConfigError("no config is named; give a file, or the name of a bundled one: nndl config lists them")
    try:
        if path.is_file():
            return path
        inside = sorted(each.name for each in path.iterdir() if each.suffix in SUFFIXES) if path.is_dir() else None
    except OSError as error:
        raise ConfigError(f"{text[:200]} cannot be read: {error.strerror}") from None
    if inside is not None:
        raise ConfigError(f"{text} is a folder; name a file in it" + (f", such as {inside[0]}" if inside else ""))
    name = _bare(path)
    if name in (*names(), *own_names()):
        return bundled(name)
    if path.suffix in SUFFIXES and len(path.parts) > 1 and path.parts[0] != "configs":
        raise ConfigError(f"there is no file {text}")
    unknown = ConfigError(f"there is no file {text}, and no bundled config of that name; {_in_its_place(name)}")
    unknown.unknown = text
    raise unknown
