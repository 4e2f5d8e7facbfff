"""The process of a student's file: run as a script, it answers programs on the pipes that stdin and stdout were.

The first line it reads is an order {"file", "ours", "memory", "seconds"}, answered with {"loaded": true} or what the
import raised; every further line is a program, answered with a line for each step and {"end": true}.
"""

import builtins
import importlib.util
import json
import os
import sys
from collections import ChainMap
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any


def beside(name: str) -> Any:
    """Load a file that stands beside this one, under a name that no student's module has."""
    spec = importlib.util.spec_from_file_location(f"_checking_{name}", Path(__file__).with_name(f"{name}.py"))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def main() -> None:
    asked, answers = os.fdopen(os.dup(0), "r", encoding="utf-8"), os.fdopen(os.dup(1), "w", encoding="utf-8")
    nowhere = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nowhere, stream)
    sys.dont_write_bytecode = True
    executor, guard, loading, probe = (beside(name) for name in ("executor", "guard", "loading", "probe"))
    order = json.loads(asked.readline())
    guard.limit(order["memory"], order["seconds"])
    guard.arm(Path.cwd())

    def say(answer: Mapping[str, Any]) -> None:
        answers.write(json.dumps(executor.encoded(answer)) + "\n")
        answers.flush()

    running = loaded(Path(order["file"]), Path(order["ours"]), executor, loading, say)
    running.names = ChainMap(running.names, probe.GIVEN)
    for line in asked:
        for answer in running.run(executor.decoded(json.loads(line))):
            say(answer)
        say({"end": True})


def loaded(path: Path, ours: Path, executor: Any, loading: Any, say: Callable[[Mapping[str, Any]], None]) -> Any:
    """Import the student's file and say how it went; return what runs its functions."""
    folder = str(path.parent.parent)
    vars(builtins).update(xrange=range)  # of Python 2, in the courses' code up to 2017

    def own(name: str) -> bool:
        return os.path.realpath(name).startswith(os.path.realpath(folder))

    running = executor.Executor({}, own)
    printed = executor.Capped()
    try:
        with executor.contextlib.redirect_stdout(printed):
            running.names = vars(loading.load(path, ours))
        say({"loaded": True, "printed": printed.text})
    except BaseException as error:
        say(executor.told(error, own))
    return running


if __name__ == "__main__":
    main()
