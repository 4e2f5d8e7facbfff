"""The vectorised engine gives the same whatever blocks and threads a batch is cut into.

The batches of the other tests fit the cache whole; here the cache is taken to be so small that every image is a block.
"""

from collections.abc import Iterator

import pytest

from nndl.check import general
from nndl.check.subject import Subject
from nndl.engines import get_engine, set_threads
from nndl.engines.shared import layout
from nndl.engines.vectorized import activation, im2col, planes, winograd
from tests.contracts.cases import ROWS, Case, name


@pytest.fixture
def small_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (im2col, layout, planes, winograd):
        monkeypatch.setattr(module, "CACHE", 1)
    monkeypatch.setattr(winograd, "ENOUGH", 1)
    monkeypatch.setattr(activation, "PIECE", 7)


@pytest.fixture(params=[1, 3])
def threads(request: pytest.FixtureRequest) -> Iterator[int]:
    set_threads(request.param)
    yield request.param
    set_threads()


@pytest.mark.usefixtures("small_cache", "threads")
@pytest.mark.parametrize("case", ROWS, ids=name)
def test_an_image_a_block(case: Case) -> None:
    layers, shape = case
    subject = Subject(layers, shape, get_engine("vectorized"))
    for check in (general.same_again, general.batch_order, general.equal_to_definition):
        check(subject)
