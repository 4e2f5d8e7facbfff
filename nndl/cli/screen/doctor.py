"""The findings of nndl doctor for a person: a word and what is found under it, line by line."""

from collections.abc import Sequence
from typing import Any

from nndl.cli.screen import terminal
from nndl.cli.screen.counts import count_of
from nndl.paths import word


def show(report: dict[str, Any]) -> None:
    """Print what was found, and what is broken, with its cure."""
    for title, text in _lines(report):
        terminal.say(f"{title:10} {text}")
    terminal.say()
    for problem in report["problems"]:
        terminal.say(f"BROKEN: {problem['what']}\n  to mend it: {problem['cure']}")
    if not report["problems"]:
        terminal.say("nothing is broken")


def _lines(report: dict[str, Any]) -> list[tuple[str, str]]:
    """Write the report for a person: a word and what is found under it, line by line."""
    return [
        *_system(report["system"]),
        *_engines(report["engines"]),
        *_mpi(report["mpi"]),
        *_data(report["data"], report["data_root"], report["keras"]),
        *_rest(report),
    ]


def _system(system: dict[str, Any]) -> list[tuple[str, str]]:
    commit = f", commit {system['git_commit']}" if system["git_commit"] else ""
    blas = [
        f"{each['internal_api']} {each['version'] or ''}, {count_of(each['num_threads'], 'thread')}"
        for each in system["blas"]
    ]
    told = "".join(f", {name}={value}" for name, value in system["environment"].items())
    return [
        ("nndl", f"{system['nndl']}{commit}, in {system['package']}"),
        ("python", f"{system['python']}, {system['executable']}"),
        ("numpy", f"{system['numpy']}; BLAS: {'; '.join(blas) or 'unknown'}{told}"),
        ("system", system["platform"]),
        ("processor", f"{system['processor']}; {system['usable_cores']} of {system['cores']} cores for this process"),
    ]


def _engines(engines: dict[str, Any]) -> list[tuple[str, str]]:
    chosen = f"{engines['engine']}, {count_of(engines['threads'], 'thread')}"
    if engines["instructions"]:
        chosen += f"; instruction set {engines['instructions']} of {', '.join(engines['built_for'])}"
        chosen += f", by {engines['compiler']}"
    found = [("engine", chosen), ("", f"there are {', '.join(engines['available'])}")]
    if missing := engines["missing"]:
        found += [("", f"{missing['engine']}, some times faster, is absent: {missing['why']}")]
        found += [("", f"to add it: {missing['command']}")]
    return found


def _mpi(mpi: dict[str, Any]) -> list[tuple[str, str]]:
    if mpi["library"] is None:
        return [("mpi", f"none: {mpi['why']}")]
    found = [("mpi", f"{mpi['library']}; {mpi['mpiexec'] or 'no mpiexec'}")]
    if mpi["hosts"] is None:
        return [
            *found,
            ("", f"up to {mpi['cores']} ranks here, one for each core: mpiexec -n {mpi['cores']} nndl train"),
        ]
    where = ", ".join(f"{count} on {host}" for host, count in mpi["hosts"].items())
    return [*found, ("", f"{mpi['ranks']} ranks: {where}; {count_of(mpi['threads'], 'thread')} each")]


def _data(data_sets: Sequence[dict[str, Any]], root: str, keras: str | None) -> list[tuple[str, str]]:
    states = {True: "as published", False: "whole, but not the published bytes", None: "whole"}
    found = []
    for each in data_sets:
        state = "an archive, unpacked at first use" if each["command"] is None else states[each["official"]]
        found.append(("data", f"{each['dataset']} in {each['folder']}: {'DAMAGED' if each['damage'] else state}"))
    if found:
        return found
    elsewhere = [("", f"Keras has one in {keras}: --data {word(keras)}")] if keras else []
    return [("data", f"none in {root}; to fetch CIFAR-10: nndl download-cifar --root {word(root)}"), *elsewhere]


def _rest(report: dict[str, Any]) -> list[tuple[str, str]]:
    found = []
    for place in report["places"]:
        free = f"{place['bytes'] / 1e6:,.0f} MB in it, {place['free_bytes'] / 1e9:,.1f} GB free"
        found.append(("disk", f"{place['folder']}: {free}{'' if place['writable'] else ', NOT writable'}"))
    for extra in report["extras"]:
        lacks = f"lacks {', '.join(extra['missing'])}; to add it: {extra['command']}"
        found.append(("extra", f"{extra['extra']}: {lacks if extra['missing'] else 'there'}"))
    return found
