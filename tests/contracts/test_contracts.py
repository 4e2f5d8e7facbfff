"""Every layer, on every engine, in both precisions, keeps the contract."""

import pytest

from nndl.check.contracts import check_layer
from nndl.engines import available, get_engine
from nndl.net.catalog import LAYERS
from nndl.net.plan import Group, rewrite
from nndl.net.shapes import infer_shapes
from tests.contracts.cases import CASES, SINGLE, Case, name


def test_the_table_has_every_kind_of_layer() -> None:
    assert {layer.kind for layer, _ in SINGLE} == set(LAYERS)


@pytest.mark.parametrize("engine", available())
def test_the_table_has_every_fusion_of_an_engine(engine: str) -> None:
    rules = get_engine(engine).rules
    planned = [item for layers, shape in CASES for item in rewrite(infer_shapes(layers, shape), rules)]
    assert {item.rule.pattern for item in planned if isinstance(item, Group)} == {rule.pattern for rule in rules}


# On the reference engine a row of layers is the composition of its layers by construction.
RUNS = [(engine, case) for engine in available() for case in (CASES[: len(SINGLE)] if engine == "reference" else CASES)]


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize(("engine", "case"), RUNS, ids=[f"{engine}-{name(case)}" for engine, case in RUNS])
def test_contract(case: Case, engine: str, dtype: str) -> None:
    layers, shape = case
    check_layer(layers, shape, get_engine(engine), dtype=dtype)
