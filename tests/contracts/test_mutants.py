"""The contract sees every planted fault, and passes the layer that the fault was planted in."""

import pytest

from nndl.check.contracts import ContractError, check_layer
from nndl.check.gradients import check_gradients
from nndl.check.subject import Subject
from tests.contracts.mutants import MUTANTS, Mutant

NAMES = [mutant.name for mutant in MUTANTS]


@pytest.mark.parametrize("mutant", MUTANTS, ids=NAMES)
def test_a_wrong_layer_is_caught_by_the_check_meant_for_it(mutant: Mutant) -> None:
    against = mutant.right if mutant.needs_oracle else None
    with pytest.raises(ContractError) as caught:
        check_layer(mutant.layer, mutant.shape, against=against, dtype=mutant.dtype)
    assert caught.value.check == mutant.caught_by, str(caught.value)
    assert mutant.right.kind in str(caught.value)


@pytest.mark.parametrize("mutant", [m for m in MUTANTS if m.needs_oracle], ids=lambda m: m.name)
def test_a_right_gradient_of_another_function_needs_the_right_layer_beside_it(mutant: Mutant) -> None:
    check_layer(mutant.layer, mutant.shape, dtype=mutant.dtype)


@pytest.mark.parametrize("mutant", MUTANTS, ids=NAMES)
def test_the_right_layer_passes(mutant: Mutant) -> None:
    check_layer(mutant.right, mutant.shape, against=mutant.right, dtype=mutant.dtype)


def test_a_gradient_check_alone_passes_a_batch_norm_over_the_wrong_axis() -> None:
    mutant = MUTANTS[0]
    subject = Subject((mutant.layer,), mutant.shape)
    bench, x = subject.bench(), subject.batch(4)
    dout = subject.upstream(bench.forward(x))
    assert check_gradients(lambda: bench.forward(x), {"x": x, **bench.params}, bench.backward(dout), dout).passed
