"""nndl.register in Python: known to every config from then on; a notebook's cell may be run again."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from nndl.config import parse_config
from nndl.engines import get_engine
from nndl.errors import ConfigError
from nndl.net.contract import Lowered, Site
from nndl.net.network import Network
from nndl.net.steps import PairStep
from nndl.net.types import layout_of
from nndl.own import registry
from tests.own.written import CONFIG, SWISH, write

PLAIN = CONFIG.replace("use: [my_layers.py]\n", "")


@pytest.fixture
def cell() -> Iterator[dict[str, object]]:
    """A notebook's names; what is registered in it is forgotten afterwards."""
    before = list(registry._shared)
    yield {"__name__": "__main__"}
    registry._shared[:] = before


def test_what_a_notebook_registers_is_known_and_its_cell_may_be_run_again(cell: dict[str, object]) -> None:
    with pytest.raises(ConfigError, match="no layer 'swish'"):
        parse_config(PLAIN, "plain.yaml")
    exec(compile(SWISH, "<cell 1>", "exec"), cell)
    assert type(parse_config(PLAIN, "plain.yaml").model.layers[2]) is cell["Swish"]
    exec(compile(SWISH, "<cell 1>", "exec"), cell)
    assert type(parse_config(PLAIN, "plain.yaml").model.layers[2]) is cell["Swish"]
    with pytest.raises(ConfigError, match=r"registered twice as layer, at <cell 1>:\d+ and at <cell 2>:\d+"):
        exec(compile(SWISH, "<cell 2>", "exec"), {"__name__": "another"})


def test_a_file_that_takes_the_name_of_one_known_to_all_is_told_with_both_places(
    cell: dict[str, object], tmp_path: Path
) -> None:
    from nndl import load_config

    exec(compile(SWISH, "<cell 1>", "exec"), cell)
    with pytest.raises(ConfigError, match=r"swish: registered twice as layer, at <cell 1>:\d+ and at .*my_layers.py:"):
        load_config(write(tmp_path))


def test_a_layer_may_bring_a_faster_way_for_an_engine(cell: dict[str, object]) -> None:
    taken = []

    def lower(site: Site) -> Lowered:
        taken.append(site.path)
        return Lowered(PairStep(site), layout_of(site.shape), layout_of(site.out_shape))

    exec(compile(SWISH, "<cell 1>", "exec"), cell)
    kind = parse_config(PLAIN, "plain.yaml").model.layers[2]
    type(kind).lowerings = {"vectorized": lower}
    Network([kind], (3, 4, 4), get_engine("reference"))
    assert taken == []
    network = Network([kind], (3, 4, 4), get_engine("vectorized"))
    assert set(taken) == {"swish1"}
    x = np.ones((2, 3, 4, 4), np.float32)
    assert np.allclose(network.scores(x), 1 / (1 + np.exp(-2.0)))
