"""Parts that installed packages bring, by entry points of the group nndl.parts: a module that registers, or a class.

A package was installed by somebody with a say in this environment, as nndl itself was: its code is trusted. It is
imported when a config, or a list, asks for a name that nndl itself does not have.
"""

from importlib.metadata import EntryPoint, entry_points
from pathlib import Path

from nndl.config.own.registering import register_at
from nndl.config.schema import ONE_OF, Experiment
from nndl.described import Described
from nndl.own.registry import Part, bring_when_asked, part_of, registered, registering_for
from nndl.own.running import in_words
from nndl.paths import resolved

GROUP = "nndl.parts"
faults: list[str] = []
"""Words on packages whose parts cannot be had: told where a name is not found."""


def bring() -> None:
    """Have the parts of every installed package registered."""
    for entry in filter(_is_installed, entry_points(group=GROUP)):
        assert entry.dist is not None
        package = f"{entry.dist.name} {entry.dist.version}"
        try:
            with registering_for(package):
                _load(entry)
        except Exception as error:  # of somebody else's package
            faults.append(f"the installed {package} should bring parts, and fails: {in_words(error)}")


def _is_installed(entry: EntryPoint) -> bool:
    """Tell whether a package stands elsewhere than in the folder one is in, which `python -m nndl` searches too."""
    return entry.dist is not None and resolved(Path(str(entry.dist.locate_file("")))) != Path.cwd()


def _load(entry: EntryPoint) -> None:
    loaded = entry.load()
    if isinstance(loaded, type) and part_of(loaded) is None:
        register_at(loaded, loaded.__module__, f"{entry.value} (entry point {entry.name})")


def installed_kinds(what: str) -> list[str]:
    """List the names of the parts of a kind that installed packages bring."""
    return list(registered(what))


def packages_of(experiment: Experiment) -> dict[str, str]:
    """Return, by their names, the packages and versions of the installed parts that an experiment names."""
    return {kind: part.package for kind, part in _shared_by(experiment).items() if part.package}


def in_python(experiment: Experiment) -> dict[str, str]:
    """Return, by their names, the places where parts that an experiment names were registered in Python."""
    return {kind: part.place for kind, part in _shared_by(experiment).items() if not part.package}


def _shared_by(experiment: Experiment) -> dict[str, Part]:
    """Return, by their names, the parts that an experiment names and no file of its own brings."""
    found = {}
    for key in ONE_OF:
        value = getattr(getattr(experiment, key.section), key.name)
        for described in value if isinstance(value, tuple) else (value,):
            for each in _within(described):
                part = part_of(type(each))
                if part is not None:
                    found[each.kind] = part
    return found


def _within(described: Described | None) -> list[Described]:
    """List a description and those inside it."""
    if described is None:
        return []
    rows = [getattr(described, name) or () for name in described.nested]
    if described.named:
        rows += [row for _, row in getattr(described, described.named)]
    return [described, *(inner for row in rows for each in row for inner in _within(each))]


bring_when_asked(bring)
