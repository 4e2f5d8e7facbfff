"""What the shell offers after Tab: names of configs, runs and layers. An error offers nothing, and says nothing."""

from contextlib import suppress
from pathlib import Path


def complete_config(incomplete: str) -> list[str]:
    """Bundled configs and the YAML files along the path typed so far."""
    with suppress(Exception):
        from nndl.config.bundled import names

        return [name for name in [*names(), *_paths(incomplete, ".yaml", ".yml")] if name.startswith(incomplete)]
    return []


def complete_run(incomplete: str) -> list[str]:
    """latest, the runs under runs/, and the folders along the path typed so far."""
    with suppress(Exception):
        from nndl.runs.folder import RUNS

        runs = sorted(path.parent.name for path in RUNS.glob("*/config.yaml"))
        return [name for name in ["latest", *runs, *_paths(incomplete)] if name.startswith(incomplete)]
    return []


def complete_layer_or_config(incomplete: str) -> list[str]:
    """Kinds of layers, all, and what `complete_config` gives."""
    with suppress(Exception):
        from nndl.net.catalog import LAYERS

        kinds = [kind for kind in [*LAYERS, "all"] if kind.startswith(incomplete)]
        return [*kinds, *complete_config(incomplete)]
    return []


def _paths(incomplete: str, *suffixes: str) -> list[str]:
    """Folders (with a / behind) and, if suffixes are given, files with one of them, below the folder typed so far."""
    typed = incomplete.rpartition("/")[0]
    folder = Path(typed or ("/" if incomplete.startswith("/") else "."))
    found = []
    for path in sorted(folder.iterdir()):
        name = f"{typed}/{path.name}" if "/" in incomplete else path.name
        if path.is_dir() and not path.name.startswith("."):
            found.append(f"{name}/")
        elif path.suffix in suffixes:
            found.append(name)
    return found
