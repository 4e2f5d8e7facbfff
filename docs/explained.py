"""The explanations of `nndl explain` as pages of the site: Markdown with formulas, made when the site is built.

They are not kept in the repository: line numbers and figures in them change with the sources.
"""

from collections.abc import Iterator
from pathlib import Path

from nndl.explain.data import verdicts
from nndl.explain.graph import graph
from nndl.explain.notation.latex import as_latex
from nndl.explain.record import Explanation, Step
from nndl.explain.source import lines_of
from nndl.explain.table import EXPLANATIONS
from nndl.explain.worked import Worked, example

NAV = '{ "Explained" = "docs/explain.md" },'
"""The line of zensical.toml that becomes a section with all pages."""


def name_of(explanation: Explanation) -> str:
    """Return the file name of a page."""
    return f"explain-{explanation.name}.md"


def write_into(folder: Path) -> None:
    """Write the pages into `folder`, where the site is made, and into its navigation."""
    for explanation in EXPLANATIONS.values():
        path = folder / "docs" / name_of(explanation)
        path.write_text(page(example(explanation)), encoding="utf-8")
    settings = folder / "zensical.toml"
    entries = "".join(f'    {{ "{each.title}" = "docs/{name_of(each)}" }},\n' for each in EXPLANATIONS.values())
    text = settings.read_text(encoding="utf-8")
    if NAV not in text:
        raise SystemExit(f"zensical.toml has no line {NAV}, beside which the explanations go")
    within = f'{{ "Explained" = [\n    "docs/explain.md",\n{entries}    ] }},'
    settings.write_text(text.replace(NAV, within), encoding="utf-8")


def page(worked: Worked) -> str:
    """Return a page in Markdown."""
    return "\n\n".join(_parts(worked)) + "\n"


def _parts(worked: Worked) -> Iterator[str]:
    explanation = worked.explanation
    yield f"# {explanation.title}"
    yield explanation.summary
    yield _fenced("yaml", explanation.config)
    yield "| | shape | |\n|-|-|-|\n" + "\n".join(
        f"| `{each.name}` | {each.in_brackets} | {each.says} |" for each in explanation.given
    )
    yield f'<div class="graph-of">{graph(explanation)}</div>'
    if explanation.backward:
        yield "Solid arrows lead forward, dashed ones are the ways of the gradient."
    yield "## Forward" if explanation.backward else "## The step"
    yield from (_step(explanation, step) for step in explanation.forward)
    if explanation.backward:
        yield "## Backward"
        yield r"`dv` in the code is $\partial L/\partial v$."
        yield from (_step(explanation, step) for step in explanation.backward)
    yield "## With numbers"
    yield from _numbers(worked)
    yield "## Mind" if explanation.notes else ""
    yield "\n".join(f"- {_plain(note)}" for note in explanation.notes)
    yield "## Our source"
    yield from map(_source, explanation.functions)
    yield "## Checked"
    yield "\n".join(f"- {verdict}" for verdict in verdicts(worked))
    yield "## Read on"
    yield "\n".join(f"- [{each.words}]({each.url})" for each in explanation.sources)


def _step(explanation: Explanation, step: Step) -> str:
    formula = as_latex(step.parsed, explanation.variables)
    return f"$$ {formula} $$\n\n{_plain(step.why)}\n\n{_fenced('python', step.numpy)}"


def _numbers(worked: Worked) -> Iterator[str]:
    given = [f"{each.name} = {worked.values[each.name].tolist()}" for each in worked.explanation.given]
    yield _fenced("text", "\n".join([*given, *(f"{k} = {v:g}" for k, v in worked.explanation.constants.items())]))
    for step in worked.explanation.steps:
        formula, numbers, value = worked.follow(step, *worked.place_of(step))
        yield _fenced("text", f"{formula}\n  = {numbers}\n  = {value:.6g}")


def _source(function: object) -> str:
    assert callable(function)
    lines = lines_of(function)
    return f"[{lines.file}](../{lines.file}), line {lines.first}:\n\n{_fenced('python', chr(10).join(lines.lines))}"


def _plain(words: str) -> str:
    """Return prose in which nothing is Markdown."""
    for sign in "\\`*_[]<$|":
        words = words.replace(sign, f"\\{sign}")
    return words


def _fenced(language: str, text: str) -> str:
    return f"```{language}\n{text}\n```"
