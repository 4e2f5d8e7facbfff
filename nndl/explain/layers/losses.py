"""Losses, explained: softmax and svm, without weights of classes and with them."""

from dataclasses import replace

import numpy as np

from nndl.explain.record import Explanation, Given, Source, Step, Values
from nndl.layers import cross_entropy, softmax_loss, svm_loss
from nndl.net.types import Array

GIVEN = (
    Given("x", "N C", "the scores, a row for each example", [[2, 1.5, -1], [0.5, 3, 1]]),
    Given("y", "N", "the labels, whole numbers from 0 to C − 1", np.array([0, 2]), kind="labels"),
)
TESTS = ({"N": 4, "C": 5}, {"N": 1, "C": 3}, {"N": 6, "C": 2})


def _softmax(values: Values) -> dict[str, Array]:
    loss, dx = softmax_loss(values["x"], values["y"], values["a"])
    return {"loss": loss, "dx": dx}


def _svm(values: Values) -> dict[str, Array]:
    loss, dx = svm_loss(values["x"], values["y"])
    return {"loss": loss, "dx": dx}


WEIGHTED = (*GIVEN, Given("w", "C", "the weights of the classes", [1.0, 2.0, 0.5], kind="shares"))
MASS = Step("W = sum[n](w[y[n]])", "W = w[y].sum()", "The weights of the labels take the place of N in the mean.")


def _weighted_softmax(values: Values) -> dict[str, Array]:
    loss, dx = softmax_loss(values["x"], values["y"], values["a"], values["w"])
    return {"loss": loss, "dx": dx}


def _weighted_svm(values: Values) -> dict[str, Array]:
    loss, dx = svm_loss(values["x"], values["y"], values["w"])
    return {"loss": loss, "dx": dx}


SOFTMAX = Explanation(
    name="softmax",
    title="Softmax loss (cross-entropy)",
    summary=(
        "Scores become probabilities, and the loss is minus the logarithm of that of the label, averaged over the "
        "batch. With label smoothing a the target q gives the label 1 − a, and all C classes a/C besides; the courses "
        "have a = 0."
    ),
    config="model: {loss: softmax}        # or {softmax: {label_smoothing: 0.1}}",
    given=GIVEN,
    indices={"n": "N", "c": "C", "k": "C"},
    constants={"a": 0.0},
    options=lambda loss: {"a": loss.label_smoothing},
    forward=(
        Step(
            "z[n,c] = x[n,c] - max[k](x[n,k])",
            "z = x - x.max(axis=1, keepdims=True)",
            "A shift of all scores of a row changes no probability, since it cancels in the fraction; now the largest "
            "is 0 and no exp overflows.",
        ),
        Step(
            "p[n,c] = exp(z[n,c]) / sum[k](exp(z[n,k]))",
            "p = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)",
            "Positive, and each row sums to 1.",
        ),
        Step(
            "q[n,c] = (1 - a) * [c == y[n]] + a / C",
            "q = np.full((N, C), a / C)\nq[np.arange(N), y] += 1 - a",
            "The target: 1 at the label and 0 elsewhere (where a = 0).",
        ),
        Step(
            "loss = -(1/N) * sum[n,c](q[n,c] * log(p[n,c]))",
            "loss = -(q * np.log(p)).sum() / N",
            "With a = 0 one term of each row remains, −log p of its label.",
        ),
    ),
    backward=(
        Step(
            "dp[n,c] = -(1/N) * (q[n,c] / p[n,c])",
            "dp = -q / p / N",
            "log p has the derivative 1/p. The mean over the batch gives each row the factor 1/N.",
        ),
        Step(
            "dz[n,c] = p[n,c] * (dp[n,c] - sum[k](dp[n,k] * p[n,k]))",
            "dz = p * (dp - (dp * p).sum(axis=1, keepdims=True))",
            "z[n,c] stands in its own numerator and in the denominator of the whole row: ∂p[n,k]/∂z[n,c] is "
            "p[n,k] ([k = c] − p[n,c]). The sum over k gives this.",
        ),
        Step(
            "dz[n,c] = 1/N * (p[n,c] - q[n,c])",
            "dz = (p - q) / N",
            "Put dp in: p dp is −q/N, and the sum over k is −1/N, since each row of q sums to 1. All fractions are "
            "gone.",
        ),
        Step(
            "dx[n,c] = 1/N * (p[n,c] - q[n,c])",
            "dx = dz",
            "x is z but for a shift of the row. The shift has no effect on the loss, so nothing flows through the "
            "maximum: each row of dz sums to zero.",
        ),
    ),
    own=_softmax,
    functions=(softmax_loss, cross_entropy),
    output="loss",
    tests=(*TESTS, {"N": 3, "C": 4, "a": 0.1}),
    notes=(
        "At the start all scores are near 0, so p is 1/C and the loss ln C: 2.30 for ten classes.",
        "Divide by N once: the gradient needs the same 1/N as the loss.",
        "Our source takes log p as z − log Σ exp z, which is exact where p itself would round to 0.",
    ),
    sources=(
        Source(
            "CS231n, Linear classification: softmax classifier", "https://cs231n.github.io/linear-classify/#softmax"
        ),
        Source(
            "Szegedy et al., Rethinking the Inception Architecture (2016): label smoothing",
            "https://arxiv.org/abs/1512.00567",
        ),
    ),
    aliases=("softmax_classifier", "cross_entropy", "crossentropy"),
)

SVM = Explanation(
    name="svm",
    title="Multi-class SVM loss (hinge)",
    summary=(
        "The score of the label should exceed every other by 1. What is missing to that is added up over the wrong "
        "classes and averaged over the batch."
    ),
    config="model: {loss: svm}",
    given=GIVEN,
    indices={"n": "N", "c": "C", "k": "C"},
    forward=(
        Step(
            "m[n,c] = max(0, x[n,c] - x[n,y[n]] + 1) * [c != y[n]]",
            "right = x[np.arange(N), y][:, None]\nm = np.maximum(0, x - right + 1)\nm[np.arange(N), y] = 0",
            "The margin that is missing; the label itself does not count (it would give 1 in every row).",
        ),
        Step(
            "loss = 1/N * sum[n,c](m[n,c])",
            "loss = m.sum() / N",
            "Their sum over the classes, the mean over the batch.",
        ),
    ),
    backward=(
        Step("dm[n,c] = 1 / N", "dm = np.full((N, C), 1 / N)", "Each margin adds 1/N of itself to the loss."),
        Step(
            "dx[n,c] = dm[n,c] * ([m[n,c] > 0] - [c == y[n]] * sum[k]([m[n,k] > 0]))",
            "over = (m > 0).astype(float)\nover[np.arange(N), y] = -over.sum(axis=1)\ndx = over * dm",
            "A wrong score counts, with slope 1, where its margin is missing. The label's score is subtracted in all "
            "those margins, so its gradient is minus their number.",
        ),
    ),
    own=_svm,
    functions=(svm_loss,),
    output="loss",
    tests=TESTS,
    notes=(
        "At the start all scores are near 0, so every wrong class misses 1 and the loss is C − 1: 9 for ten classes.",
        "Each row of dx sums to zero.",
    ),
    sources=(
        Source("CS231n, Linear classification: multiclass SVM", "https://cs231n.github.io/linear-classify/#svm"),
        Source(
            "Weston and Watkins, Support Vector Machines for Multi-Class Pattern Recognition (1999)",
            "https://www.esann.org/sites/default/files/proceedings/legacy/es1999-461.pdf",
        ),
    ),
    aliases=("hinge", "hinge_loss", "multiclass_svm", "linear_svm"),
)

WEIGHTED_SOFTMAX = replace(
    SOFTMAX,
    name="weighted_softmax",
    title="Softmax loss with weights of classes",
    summary=(
        "The term of each class is multiplied by its weight, and the mean is the weighted one: divided by the sum of "
        "the weights of the labels, as PyTorch's CrossEntropyLoss(weight=...) does. A rare class so counts for more."
    ),
    config="train: {class_weights: {cat: 2.0}}        # or balanced, or a list",
    given=WEIGHTED,
    forward=(
        *SOFTMAX.forward[:2],
        Step(
            "q[n,c] = w[c] * ((1 - a) * [c == y[n]] + a / C)",
            "q = np.full((N, C), a / C)\nq[np.arange(N), y] += 1 - a\nq = w * q",
            "The target, each class times its weight.",
        ),
        MASS,
        Step(
            "loss = -(1/W) * sum[n,c](q[n,c] * log(p[n,c]))", "loss = -(q * np.log(p)).sum() / W", "The weighted mean."
        ),
    ),
    backward=(
        Step("dp[n,c] = -(1/W) * (q[n,c] / p[n,c])", "dp = -q / p / W", "log p has the derivative 1/p."),
        Step(
            "dz[n,c] = p[n,c] * (dp[n,c] - sum[k](dp[n,k] * p[n,k]))",
            "dz = p * (dp - (dp * p).sum(axis=1, keepdims=True))",
            "As without weights.",
        ),
        Step(
            "dx[n,c] = 1/W * (p[n,c] * sum[k](q[n,k]) - q[n,c])",
            "dx = (p * q.sum(axis=1, keepdims=True) - q) / W",
            "Put dp in: p dp is −q/W. A row of q no longer sums to 1, but to the weight of its target.",
        ),
    ),
    own=_weighted_softmax,
    tests=SOFTMAX.tests,
    notes=("Where all weights are equal they cancel: the loss is the one without.", *SOFTMAX.notes[2:]),
    sources=(
        Source(
            "PyTorch, CrossEntropyLoss", "https://docs.pytorch.org/docs/stable/generated/torch.nn.CrossEntropyLoss.html"
        ),
    ),
    aliases=("class_weights", "class_weight", "weighted_loss", "weighted_cross_entropy"),
    form_of="softmax",
)

WEIGHTED_SVM = replace(
    SVM,
    name="weighted_svm",
    title="Multi-class SVM loss with weights of classes",
    summary="Each example counts by the weight of its label, and the mean is divided by the sum of these weights.",
    config="train: {class_weights: {cat: 2.0}}        # with model: {loss: svm}",
    given=WEIGHTED,
    forward=(
        SVM.forward[0],
        MASS,
        Step(
            "loss = 1/W * sum[n,c](w[y[n]] * m[n,c])",
            "loss = (w[y][:, None] * m).sum() / W",
            "The sum over the classes, the weighted mean over the batch.",
        ),
    ),
    backward=(
        Step("dm[n,c] = w[y[n]] / W", "dm = np.repeat(w[y][:, None], C, axis=1) / W", "The share of its example."),
        SVM.backward[1],
    ),
    own=_weighted_svm,
    notes=SVM.notes[1:],
    aliases=("weighted_hinge",),
    form_of="svm",
)
