"""Checks of every layer on every engine."""

import numpy as np

from nndl.check.gradients import TOLERANCE, GradientCheck, check_gradients
from nndl.check.subject import ContractError, Subject, require_equal
from nndl.net.layer import Layer
from nndl.net.shapes import everything


def equal_to_definition(subject: Subject) -> None:
    """Check that outputs, gradients and running statistics are the oracle's, in both modes and for any batch size."""
    bench = subject.bench()
    oracle = subject.oracle_bench(bench)
    for size in (5, 1, 3):
        x = subject.batch(size)
        require_equal(
            f"test-mode output for {size} examples",
            bench.forward(x, "test"),
            oracle.forward(x, "test"),
            subject.agreement,
        )
        out = bench.forward(x)
        require_equal(f"output for {size} examples", out, oracle.forward(x), subject.agreement)
        dout = subject.upstream(out)
        require_equal(f"gradient for {size} examples", bench.backward(dout), oracle.backward(dout), subject.agreement)
        for name, value in oracle.buffers.items():
            require_equal(f"{name} after {size} examples", bench.buffers[name], value, subject.agreement)


def equal_on_ties(subject: Subject) -> None:
    """Check the same at ties and zeros: max pooling takes the first of equals in row-major order; -0.0 equals 0.0."""
    bench = subject.bench()
    if len(bench.params):
        return  # equal numbers would come out of sums, equal only to rounding
    oracle = subject.oracle_bench(bench)
    x = np.sign(np.trunc(subject.batch(5)))
    x = np.where(x == 0, np.copysign(x, subject.batch(5, stream=1)), x)
    out = bench.forward(x)
    require_equal("output at ties", out, oracle.forward(x), subject.agreement)
    dout = subject.upstream(out)
    require_equal("gradient at ties", bench.backward(dout), oracle.backward(dout), subject.agreement)


def shapes(subject: Subject) -> None:
    """Check that the output has the shape of the description, dx that of x, and that all numbers are finite."""
    bench = subject.bench()
    for size in (4, 1):
        x = subject.batch(size)
        for mode in ("test", "train"):
            out = bench.forward(x, mode)
            wanted = (size, *bench.network.placed[-1].out_shape)
            if out.shape != wanted:
                raise ContractError(f"{mode}-mode output has shape {out.shape}, out_shape says {wanted}")
        gradients = bench.backward(subject.upstream(out))
        if gradients["x"].shape != x.shape:
            raise ContractError(f"dx has shape {gradients['x'].shape}, x has {x.shape}")
        for name, value in {"the output": out, **gradients}.items():
            if not np.isfinite(value).all():
                raise ContractError(f"{name} holds numbers that are not finite for {size} examples")


def dtype_kept(subject: Subject) -> None:
    """Check that float32 gives float32 and float64 gives float64."""
    bench = subject.bench()
    x = subject.batch(3)
    out = bench.forward(x)
    found = {"test-mode output": bench.forward(x, "test"), "output": out, **bench.backward(subject.upstream(out))}
    for name, value in found.items():
        if value.dtype != subject.dtype:
            raise ContractError(f"{name} is {value.dtype}, x is {subject.dtype}")


def inputs_untouched(subject: Subject) -> None:
    """Check that a pass changes neither x nor dout nor the parameters."""
    bench = subject.bench()
    x = subject.batch(3)
    params = {name: value.copy() for name, value in bench.params.items()}
    kept = x.copy()
    bench.forward(x, "test")
    out = bench.forward(x)
    if not np.array_equal(x, kept):
        raise ContractError("forward changes its input x")
    dout = subject.upstream(out)
    kept_dout = dout.copy()
    bench.backward(dout)
    if not (np.array_equal(x, kept) and np.array_equal(dout, kept_dout)):
        raise ContractError("backward changes x or dout")
    for name, value in params.items():
        if not np.array_equal(bench.params[name], value):
            raise ContractError(f"a pass changes the parameter {name}")


def same_again(subject: Subject) -> None:
    """Check that a second pass gives the same bits, whatever came between: nothing is kept or added up."""
    bench = subject.bench()
    x = subject.batch(5)
    out = bench.forward(x)
    dout = subject.upstream(out)
    first = {"out": out, **bench.backward(dout)}
    other = subject.batch(2, stream=1)
    bench.backward(subject.upstream(bench.forward(other)))
    bench.forward(other, "test")
    again = {"out": bench.forward(x), **bench.backward(dout)}
    for name, value in first.items():
        if not np.array_equal(value, again[name]):
            raise ContractError(f"{'out' if name == 'out' else 'd' + name} differs when the same batch comes again")


def evaluation_keeps_state(subject: Subject) -> None:
    """Check that test mode changes no state, and that an example's output depends on no other in its batch."""
    bench = subject.bench()
    before = bench.state()
    x = subject.batch(4)
    out = bench.forward(x, "test")
    for name, value in bench.state().items():
        if not np.array_equal(value, before[name]):
            raise ContractError(f"{name} changes in test mode")
    for i in range(len(x)):
        require_equal(
            f"test-mode output of example {i} alone", bench.forward(x[i : i + 1], "test")[0], out[i], subject.agreement
        )


def batch_order(subject: Subject) -> None:
    """Check that examples in another order give the same results in that order, and the same parameter gradients."""
    bench = subject.bench()
    if any(_order_matters(each.layer) for each in everything(bench.network.placed)):
        return
    x = subject.batch(5)
    order = np.array([3, 0, 4, 2, 1])
    out = bench.forward(x)
    dout = subject.upstream(out)
    gradients = bench.backward(dout)
    gradients["x"] = gradients["x"][order]
    require_equal("output for the batch in another order", bench.forward(x[order]), out[order], subject.agreement)
    require_equal("gradient for the batch in another order", bench.backward(dout[order]), gradients, subject.agreement)


def _order_matters(layer: Layer) -> bool:
    """Tell whether the batch's order matters: to random numbers drawn in it, and to ghost batches of neighbours."""
    return layer.draws or getattr(layer, "ghost_batch_size", None) is not None


def channels_last(subject: Subject) -> None:
    """Check that images that lie channels last in memory, as fast engines keep them, give the same results."""
    if len(subject.in_shape) != 3:
        return
    x = subject.batch(3)
    nchw, nhwc = subject.bench(), subject.bench("nhwc")
    out = nchw.forward(x)
    dout = subject.upstream(out)
    require_equal("output for channels-last x", nhwc.forward(x), out, subject.agreement)
    require_equal("gradient for channels-last x", nhwc.backward(dout), nchw.backward(dout), subject.agreement)


def check_slopes(subject: Subject, coordinates: int = 8, tolerance: float = TOLERANCE) -> GradientCheck:
    """Compare the gradients of x and every parameter with numerical ones, in float64, under a random upstream one."""
    bench = subject.bench()
    x = subject.batch(4)
    dout = subject.upstream(bench.forward(x))
    analytic = bench.backward(dout)
    arrays = {"x": x, **bench.params}
    return check_gradients(
        lambda: bench.forward(x),
        arrays,
        analytic,
        dout,
        coordinates=coordinates,
        tolerance=tolerance,
        seed=subject.seed,
    )


def gradients(subject: Subject) -> None:
    """Check that the gradients of x and of every parameter are the slopes of the output."""
    if subject.dtype != "float64":
        return
    check = check_slopes(subject)
    if not check.passed:
        raise ContractError("\n".join(str(row) for row in check.rows if row.verdict != "ok"))


CHECKS = (
    shapes,
    dtype_kept,
    inputs_untouched,
    same_again,
    evaluation_keeps_state,
    batch_order,
    channels_last,
    gradients,
)
