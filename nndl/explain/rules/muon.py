"""Muon, explained."""

from nndl.explain.record import Explanation, Given, Source, Step, Values
from nndl.net.types import Array
from nndl.optim import NEWTON_SCHULZ, muon, orthogonalised


def _muon(values: Values) -> dict[str, Array]:
    names = ("learning_rate", "momentum")
    config = {name: values[name] for name in names} | {"rounds": 1, "velocity": values["velocity_old"]}
    next_w, config = muon(values["w"], values["dw"], config)
    return {"next_w": next_w, "velocity": config["velocity"]}


W = [[[[1, -1]], [[0.5, 2]]], [[[0, 1]], [[-2, 0.5]]]]
DW = [[[[0.2, 0.4]], [[-1, 0.6]]], [[[0.8, -0.2]], [[0.5, 1]]]]
VELOCITY = [[[[0.1, -0.3]], [[0.2, 0.4]]], [[[-0.6, 0.2]], [[0.1, 0.1]]]]

MUON = Explanation(
    name="muon",
    title="Muon",
    summary=(
        "Filters take steps along their Nesterov momentum made orthogonal: as a matrix (F, C HH WW), all its singular "
        "values come near 1, so that no direction is learnt faster than another. Rounds of Newton and Schulz's "
        "iteration do that with products of matrices alone; one round is shown, three are usual. Biases take Nesterov "
        "momentum itself."
    ),
    config="train: {optimizer: {muon: {learning_rate: 0.24, momentum: 0.6}}}",
    given=(
        Given("w", "F C HH WW", "the filters", W),
        Given("dw", "F C HH WW", "the gradient of the loss by them", DW),
        Given("velocity_old", "F C HH WW", "the velocity after the step before; zeros at first", VELOCITY),
    ),
    indices={"f": "F", "c": "C", "u": "HH", "v": "WW", "d": "D", "g": "F", "h": "F", "k": "C", "i": "HH", "j": "WW"},
    constants={"learning_rate": 0.1, "momentum": 0.6, **dict(zip("abe", NEWTON_SCHULZ, strict=True))},
    sizes=lambda v: {"D": v["C"] * v["HH"] * v["WW"]},
    forward=(
        Step(
            "velocity = momentum * velocity_old + dw",
            "velocity = momentum * velocity_old + dw",
            "A running sum of gradients.",
        ),
        Step("U = dw + momentum * velocity", "U = dw + momentum * velocity", "Nesterov's look ahead."),
        Step(
            "X[f,d] = U[f,d//(HH*WW),d//WW%HH,d%WW] / (sqrt(sum[g,c,u,v](U[g,c,u,v] ** 2)) + 1e-7)",
            "X = U.reshape(F, D) / (np.linalg.norm(U) + 1e-7)",
            "As a matrix, a row for each filter, divided by its norm: now no singular value is above 1.",
        ),
        Step("A[f,g] = sum[d](X[f,d] * X[g,d])", "A = X @ X.T", "How alike the rows are. (F, F); F is at most D here."),
        Step(
            "B[f,g] = b * A[f,g] + e * sum[h](A[f,h] * A[h,g])",
            "B = b * A + e * (A @ A)",
            "a = 3.4445, b = −4.775, e = 2.0315.",
        ),
        Step(
            "O[f,d] = a * X[f,d] + sum[g](B[f,g] * X[g,d])",
            "O = a * X + B @ X",
            "A singular value s of X becomes a s + b s³ + e s⁵, and the singular vectors stay. Small ones grow by a "
            "in each round, until all are near 1.",
        ),
        Step(
            "next_w[f,c,u,v] = w[f,c,u,v] * sqrt(F) / (sqrt(sum[g,k,i,j](w[g,k,i,j] ** 2)) + 1e-7)"
            " - learning_rate * O[f,c*HH*WW+u*WW+v]",
            "scale = np.sqrt(F) / (np.linalg.norm(w) + 1e-7)\nnext_w = w * scale - learning_rate * O.reshape(w.shape)",
            "The filters are scaled to the norm √F first, then take the step.",
        ),
    ),
    backward=(),
    own=_muon,
    functions=(muon, orthogonalised),
    output="next_w",
    tests=({"F": 3, "C": 2, "HH": 2, "WW": 2}, {"F": 1, "C": 1, "HH": 3, "WW": 1}),
    sources=(
        Source("Jordan et al., Muon (2024)", "https://kellerjordan.github.io/posts/muon/"),
        Source("Bernstein and Newhouse, Old Optimizer, New Norm (2024)", "https://arxiv.org/abs/2409.20325"),
    ),
)
