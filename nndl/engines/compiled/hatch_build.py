"""Compile the kernels while the package is built; without a compiler, build it without them.

hatchling runs this file for wheels and for `pip install -e .`. The libraries land beside bindings.py, in the source
tree, where git ignores them.
"""

from pathlib import Path
from runpy import run_path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class KernelsBuildHook(BuildHookInterface[Any]):
    """Adds the compiled kernels to a wheel, which then is one for this platform and any Python 3."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002
        """Compile; say in `build_data` what was made."""
        build = run_path(str(Path(self.root) / "nndl" / "engines" / "compiled" / "build.py"))
        made = build["build"]()
        if made:
            build_data["pure_python"] = False
            build_data["tag"] = f"py3-none-{build['platform_tag']()}"
            build_data["artifacts"] += [str(path.relative_to(self.root).as_posix()) for path in made]
