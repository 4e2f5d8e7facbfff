"""Completions that the shell offers after Tab: configs, runs, layers, engines.

An error there offers nothing, and says nothing.
"""

from collections.abc import Iterable
from contextlib import suppress

from nndl.paths import expanded
from nndl.visible import visible

ENGINES = ("auto", "compiled", "compiled_bf16", "vectorized", "reference")
"""The values of --engine: the names in the config's schema, which is not loaded for --help."""


def complete_config(incomplete: str) -> list[str]:
    """Offer bundled configs and the YAML files along the path typed so far."""
    with suppress(Exception):
        from nndl.config.bundled import names

        return _offered([*names(), *_paths(incomplete, ".yaml", ".yml")], incomplete)
    return []


def complete_run(incomplete: str) -> list[str]:
    """Offer latest, the runs under runs/, and the folders along the path typed so far."""
    with suppress(Exception):
        from nndl.runs.folder import run_names

        return _offered(["latest", *sorted(run_names()), *_paths(incomplete)], incomplete)
    return []


def complete_run_config(incomplete: str) -> list[str]:
    """Offer the names of the configs that the runs under runs/ are of."""
    with suppress(Exception):
        from nndl.runs.listing import list_runs

        return _offered(sorted({row.config for row in list_runs() if row.config}), incomplete)
    return []


def complete_sort(incomplete: str) -> list[str]:
    """Offer the columns to sort runs by."""
    with suppress(Exception):
        from nndl.runs.listing import SORTS

        return _offered(SORTS, incomplete)
    return []


def complete_layer_or_config(incomplete: str) -> list[str]:
    """Offer kinds of layers, all, and what `complete_config` gives."""
    with suppress(Exception):
        from nndl.config.own.installed import installed_kinds
        from nndl.net.catalog import LAYERS

        return [*_offered([*LAYERS, *installed_kinds("layer"), "all"], incomplete), *complete_config(incomplete)]
    return []


def complete_explained(incomplete: str) -> list[str]:
    """Offer what can be explained, and what `complete_config` gives."""
    with suppress(Exception):
        from nndl.explain.table import EXPLANATIONS

        return [*_offered(EXPLANATIONS, incomplete), *complete_config(incomplete)]
    return []


def complete_bundled(incomplete: str) -> list[str]:
    """Offer the bundled configs."""
    with suppress(Exception):
        from nndl.config.bundled import names

        return _offered(names(), incomplete)
    return []


def complete_engine(incomplete: str) -> list[str]:
    """Offer the values of --engine."""
    return _offered(ENGINES, incomplete)


def _offered(names: Iterable[str], incomplete: str) -> list[str]:
    """Pick names that begin so, but none with control characters: it would be typed into the person's shell."""
    return [name for name in names if name.startswith(incomplete) and visible(name) == name]


def _paths(incomplete: str, *suffixes: str) -> list[str]:
    """List folders (with a / behind) and, if suffixes are given, files with one of them, below the folder typed."""
    typed = incomplete.rpartition("/")[0]
    folder = expanded(typed or ("/" if incomplete.startswith("/") else "."))
    found = []
    for path in sorted(folder.iterdir()):
        name = f"{typed}/{path.name}" if "/" in incomplete else path.name
        if path.is_dir() and not path.name.startswith("."):
            found.append(f"{name}/")
        elif path.suffix in suffixes:
            found.append(name)
    return found
