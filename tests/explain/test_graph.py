"""The computational graph: what is made of what, in layers, every arrow pointing onwards."""

import re
from xml.etree.ElementTree import fromstring

import pytest

from nndl.explain.graph import edges_of, graph, laid_out, layers_of
from nndl.explain.record import Explanation
from nndl.explain.table import EXPLANATIONS


def test_the_graph_of_batch_norm() -> None:
    edges = edges_of(EXPLANATIONS["bn"])
    assert [start for start, end in edges if end == "x_hat"] == ["x", "mean", "inverse_std"]
    layers = layers_of(edges)
    assert [layers[name] for name in ("x", "mean", "var", "inverse_std", "x_hat", "out")] == [0, 1, 2, 3, 4, 5]
    assert layers["gamma"] == layers["beta"] == 4  # beside what they meet, not at the far left


@pytest.mark.parametrize("explanation", EXPLANATIONS.values(), ids=list(EXPLANATIONS))
def test_lines_lead_one_layer_on_and_no_two_values_lie_on_each_other(explanation: Explanation) -> None:
    nodes = laid_out(edges_of(explanation))
    assert all(end.layer == start.layer + 1 for start in nodes for end in start.after)
    assert len({(node.layer, node.row) for node in nodes}) == len(nodes)
    assert min(node.row for node in nodes) >= 0


@pytest.mark.parametrize("explanation", EXPLANATIONS.values(), ids=list(EXPLANATIONS))
def test_the_drawing_is_xml_and_says_in_words_what_it_shows(explanation: Explanation) -> None:
    drawn = graph(explanation)
    root = fromstring(re.sub(r"class=(\w+)", r'class="\1"', drawn))
    texts = {element.text for element in root.iter("text")}
    said = next(element.text for element in root.iter("desc"))
    assert said
    assert f"{explanation.output} is made of" in said
    assert len(list(root.iter("rect"))) == len({name for edge in edges_of(explanation) for name in edge})
    assert texts
