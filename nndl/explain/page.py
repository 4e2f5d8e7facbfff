"""An explanation as a page that needs no network: formulas in MathML, the graph, the numbers, our source."""

from collections.abc import Iterable, Sequence

import numpy as np

from nndl.errors import MissingExtraError
from nndl.explain.batch import Followed
from nndl.explain.data import verdicts
from nndl.explain.graph import graph
from nndl.explain.notation.latex import as_latex
from nndl.explain.notation.plain import length
from nndl.explain.record import Explanation, Step
from nndl.explain.source import lines_of
from nndl.explain.worked import Worked
from nndl.report.document import document, sections
from nndl.report.escape import escape
from nndl.report.parts import table

NOTATION = "dv in the code and ∂L/∂v in formulas is the gradient of the loss L by v. "
BEHIND = (
    "Solid arrows lead forward, from what a value is made of; dashed ones are the ways of the gradient, back. Where "
    "several dashed arrows arrive, their gradients add."
)


FIGURES = ("mean", "std", "min", "max")


def page(worked: Worked) -> str:
    """Return the page of a layer, a loss or a rule. Raises MissingExtraError without the package for formulas."""
    explanation = worked.explanation
    body = f"<p>{escape(explanation.summary)}</p><pre tabindex=0>{escape(explanation.config)}</pre>" + sections(
        (
            ("Shapes", _shapes(explanation)),
            ("Graph", _graph(explanation)),
            ("Forward" if explanation.backward else "The step", _steps(explanation, explanation.forward, 1)),
            ("Backward", _steps(explanation, explanation.backward, 1 + len(explanation.forward))),
            ("With numbers", _numbers(worked)),
            ("Mind", _list(map(escape, explanation.notes))),
            ("Our source", _sources(explanation)),
            ("Checked", _list(map(escape, verdicts(worked)))),
            ("Read on", _list(_link(each.words, each.url) for each in explanation.sources)),
        )
    )
    return document(explanation.title, f"<p class=quiet><code>{escape(explanation.name)}</code>, explained</p>", body)


def followed_page(followed: Followed, config: str) -> str:
    """Return the page of a layer of a config with the numbers of a batch."""
    rows = [
        (
            *(row["array"], " x ".join(map(str, row["shape"]))),
            *(f"{row[name]:.3g}" for name in FIGURES),
            f"{100 * row['zeros']:.3g} %",
        )
        for row in followed.figures()
    ]
    hands = "".join(_by_hand(**row) for row in followed.by_hand())
    said = "".join(f"<p>{escape(words)}</p>" for words in (*followed.about, followed.said))
    body = said + sections(
        (
            ("Figures", table(("array", "shape", *FIGURES, "zeros"), rows)),
            ("One number of each step, followed by hand", hands),
            ("Checked", f"<p>{escape(followed.verdict())}</p>"),
        )
    )
    more = "" if followed.own else f"; <code>nndl explain {followed.kind} --html</code>"
    under = f"<p class=quiet>{escape(followed.title)}, {followed.where}{more}</p>"
    return document(f"{followed.path} of {config}", under, body)


def index(explanations: Iterable[Explanation]) -> str:
    """Return the page that leads to those of all explanations, which lie beside it."""
    items = (_link(each.title, f"{each.name}.html") + f"<br>{escape(each.summary)}" for each in explanations)
    under = "<p class=quiet>Formulas, gradients, numbers and source of everything a config can name.</p>"
    return document("Layers, losses and update rules", under, _list(items))


def mathml(latex: str) -> str:
    """Return a formula as MathML, which browsers draw themselves."""
    try:
        from latex2mathml.converter import convert
    except ImportError:
        raise MissingExtraError("latex2mathml", "explain", "a page with formulas") from None
    return convert(latex, display="block")


def _shapes(explanation: Explanation) -> str:
    rows = [(each.name, each.in_brackets, each.says) for each in explanation.given]
    return table(("name", "shape", "what it is"), rows, words=True)


def _graph(explanation: Explanation) -> str:
    drawn = graph(explanation)
    words = BEHIND if explanation.backward else BEHIND.partition(";")[0] + "."
    return f"<div class=wide tabindex=0 role=region aria-label=Graph>{drawn}</div><p class=quiet>{words}</p>"


def _steps(explanation: Explanation, steps: Sequence[Step], first: int) -> str:
    if not steps:
        return ""
    said = f"<p class=quiet>{NOTATION}</p>" if first > 1 else ""
    return said + f'<ol class=steps start="{first}">{"".join(_step(explanation, step) for step in steps)}</ol>'


def _step(explanation: Explanation, step: Step) -> str:
    drawn = mathml(as_latex(step.parsed, explanation.variables))
    return (
        f"<li><div class=formula tabindex=0>{drawn}</div><p>{escape(step.why)}</p>"
        f"<pre tabindex=0>{escape(step.numpy)}</pre></li>"
    )


def _numbers(worked: Worked) -> str:
    given = [f"{each.name} = {_array(each.name, worked.values[each.name])}" for each in worked.explanation.given]
    given += [f"{name} = {value:g}" for name, value in worked.explanation.constants.items()]
    told = "".join(_followed(worked, step) for step in worked.explanation.steps)
    words = "Everything below was computed as this page was written. One number of each step is followed by hand."
    return f"<p class=quiet>{words}</p><pre tabindex=0>{escape(chr(10).join(given))}</pre>{told}"


def _followed(worked: Worked, step: Step) -> str:
    result = worked.plain[step.name]
    whole = f"{step.name} = {_array(step.name, result)}" if np.size(result) > 1 else ""
    return _by_hand(*worked.follow(step, *worked.place_of(step)), whole)


def _by_hand(formula: str, numbers: str, value: float, more: str = "") -> str:
    """Return a formula at a place, the numbers in it and what they come to, below each other."""
    indent = " " * length(formula.partition(" = ")[0])
    lines = [formula, f"{indent} = {numbers}", f"{indent} = {value:.6g}", *filter(None, (more,))]
    return f"<pre class=hand tabindex=0>{escape(chr(10).join(lines))}</pre>"


def _array(name: str, value: object) -> str:
    text = np.array2string(np.asarray(value), precision=4, suppress_small=True, separator=", ", threshold=200)
    lines = [line for line in text.splitlines() if line.strip()]
    return f"\n{' ' * (len(name) + 3)}".join(lines)


def _sources(explanation: Explanation) -> str:
    return "".join(
        f"<details><summary><code>{escape(each.place)}</code> {escape(each.name)}</summary>"
        f"<pre tabindex=0>{_numbered(each.first, each.lines)}</pre></details>"
        for each in map(lines_of, explanation.functions)
    )


def _numbered(first: int, lines: Sequence[str]) -> str:
    return "\n".join(
        f"<span class=quiet>{number:>4}</span>  {escape(line)}" for number, line in enumerate(lines, first)
    )


def _list(items: Iterable[str]) -> str:
    told = "".join(f"<li>{item}</li>" for item in items)
    return f"<ul>{told}</ul>" if told else ""


def _link(words: str, url: str) -> str:
    return f'<a href="{escape(url)}">{escape(words)}</a>'
