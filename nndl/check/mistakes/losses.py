"""Mistakes in the softmax and hinge losses."""

from nndl.check.mistakes.entry import mistake

SHIFTED = "shifted = x - x.max(axis=1, keepdims=True)"
LOG_P = "log_p = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))"
LOSS = "loss = -(target * log_p).sum() / len(x)"
DX = "dx = (np.exp(log_p) - target) / len(x)"
AT_Y = "-log_p[np.arange(len(x)), y].sum() / len(x)"


def by_probability(shifted: str, *, before: str = "", inside: str = "") -> dict[str, str]:
    """Return the lines of a loss that takes the logarithm of probabilities, with something added."""
    probabilities = f"p = np.exp(shifted){before}\n    p = p / p.sum(axis=1, keepdims=True)"
    return {
        SHIFTED: f"shifted = {shifted}",
        LOG_P: f"{probabilities}\n    log_p = np.log({inside or 'p'})",
        LOSS: f"loss = {AT_Y}",
        DX: "dx = (p - target) / len(x)",
    }


QUOTIENT = "dx = (np.exp(shifted) / np.exp(shifted).sum(axis=1, keepdims=True) - target) / len(x)"
ROWS = "x - x.max(axis=1, keepdims=True)"
SMALL = ("1e-15", "1e-12", "1e-10", "1e-9", "1e-8", "1e-7", "1e-6", "1e-60", "1e-20", "1e-300")

OTHER_SHIFTS = ("x.mean(axis=1, keepdims=True)", "x.mean()", "x.min(axis=1, keepdims=True)", "x.min()")

MARGINS = "margins[rows, y] = 0"
POSITIVE = "dx[rows, y] = -dx.sum(axis=1)"

MISTAKES = (
    mistake(
        "S6",
        "softmax_loss",
        "the scores are not shifted",
        """exp of a score above 709 is infinite, and inf / inf is NaN. The probabilities do not change when a number
        is taken off all scores of a row: which number keeps every exponent at 0 or below?""",
        {SHIFTED: "shifted = x"},
        {SHIFTED: "shifted = x", LOSS: f"loss = {AT_Y}"},
        by_probability("x"),
        {SHIFTED: "shifted = x", LOSS: f"loss = {AT_Y}", DX: QUOTIENT},
    ),
    mistake(
        "S7",
        "softmax_loss",
        "one maximum for the whole batch",
        """You take the largest score of the batch off every row. A row far below it underflows to zeros, and log
        0 is -inf. Every row has a maximum of its own.""",
        {SHIFTED: "shifted = x - x.max()"},
        {SHIFTED: "shifted = x - x.max()", LOSS: f"loss = {AT_Y}"},
        by_probability("x - x.max()"),
        {SHIFTED: "shifted = x - x.max()", LOSS: f"loss = {AT_Y}", DX: QUOTIENT},
    ),
    mistake(
        "S20",
        "softmax_loss",
        "it is not the largest score that is taken off",
        """Any number may be taken off a row, but only the largest keeps every exponent at 0 or below: a score far above
        the mean, or the smallest, still overflows.""",
        *({SHIFTED: f"shifted = x - {shift}"} for shift in OTHER_SHIFTS),
        *({SHIFTED: f"shifted = x - {shift}", LOSS: f"loss = {AT_Y}"} for shift in OTHER_SHIFTS),
        *(by_probability(f"x - {shift}") for shift in OTHER_SHIFTS),
        *({SHIFTED: f"shifted = x - {shift}", LOSS: f"loss = {AT_Y}", DX: QUOTIENT} for shift in OTHER_SHIFTS),
    ),
    mistake(
        "S8",
        "softmax_loss",
        "the caller's scores are written into",
        """-= writes into the array it stands on, and that array is the caller's x: after your loss its scores
        are others. Make the shifted scores a new array.""",
        {SHIFTED: "x -= x.max(axis=1, keepdims=True)\n    shifted = x"},
    ),
    mistake(
        "S9",
        "softmax_loss",
        "the logarithm is taken of a probability",
        """Probabilities of scores far apart underflow to 0: without help the loss is infinite, with a small
        number added or clipped it cannot grow beyond a floor. The logarithm of the sum of exponentials needs
        no such help. Some years' given code does this, so it is no error.""",
        by_probability(ROWS),
        *(by_probability(ROWS, before=f" + {small}") for small in SMALL),
        *(by_probability(ROWS, inside=f"p + {small}") for small in SMALL),
        *(by_probability(ROWS, inside=f"np.maximum(p, {small})") for small in SMALL),
        *(by_probability(ROWS, inside=f"np.clip(p, {small}, 1 - {small})") for small in SMALL),
        note=True,
    ),
    mistake(
        "S10",
        "softmax_loss",
        "the sum over the classes is forgotten in dx",
        """Every probability depends on every score, through the sum below the fraction. Your dx has only the way
        through the score of the label: the rows of dx should sum to 0.""",
        {DX: "dx = -target / len(x)"},
        {DX: "dx = (np.exp(log_p) - target) * target / len(x)"},
        {DX: "dx = np.exp(log_p) * (1 - np.exp(log_p)) / len(x)"},
    ),
    mistake(
        "S12",
        "softmax_loss",
        "not averaged over the batch",
        "The loss is the mean over the examples, so both the loss and its gradient carry 1/N. One of yours does not.",
        {DX: "dx = np.exp(log_p) - target"},
        {LOSS: "loss = -(target * log_p).sum()"},
        {DX: "dx = np.exp(log_p) - target", LOSS: "loss = -(target * log_p).sum()"},
    ),
    mistake(
        "S13",
        "softmax_loss",
        "the label's own term is missing in dx",
        """Your dx is the probabilities alone: it pushes every score down. The derivative of the label's own
        score is another than that of the rest.""",
        {DX: "dx = np.exp(log_p) / len(x)"},
    ),
    mistake(
        "S14",
        "softmax_loss",
        "the sign is turned",
        "The loss is minus the logarithm, and dx the slope that a step goes against: one of your signs is turned.",
        {LOSS: "loss = (target * log_p).sum() / len(x)"},
        {DX: "dx = (target - np.exp(log_p)) / len(x)"},
        {DX: "dx = (target - np.exp(log_p)) / len(x)", LOSS: "loss = (target * log_p).sum() / len(x)"},
    ),
    mistake(
        "S15",
        "softmax_loss",
        "normalised over the batch, not over the classes",
        """Your probabilities sum to 1 down each column. An example's scores are a row: maximum and sum run over
        the classes.""",
        {
            SHIFTED: "shifted = x - x.max(axis=0, keepdims=True)",
            LOG_P: "log_p = shifted - np.log(np.exp(shifted).sum(axis=0, keepdims=True))",
        },
        {LOG_P: "log_p = shifted - np.log(np.exp(shifted).sum(axis=0, keepdims=True))"},
        {LOG_P: "log_p = shifted - np.log(np.exp(shifted).sum())"},
    ),
    mistake(
        "S16",
        "svm_loss",
        "the label's own margin is counted",
        """The sum runs over the other classes only: the label's margin with itself is always 1, so your loss is
        1 too large.""",
        {MARGINS: "margins[rows, y] += 0"},
        {"loss = margins.sum() / len(x)": "loss = margins.sum() / len(x) + 1"},
    ),
    mistake(
        "S17",
        "svm_loss",
        "the label's score gets the wrong gradient",
        """Each violated margin pushes one other score down and the label's score up: the label's entry of dx
        collects them all, so the rows of dx sum to 0. Yours do not.""",
        {POSITIVE: "dx[rows, y] = 0"},
        {POSITIVE: "dx[rows, y] = -1"},
        {POSITIVE: "dx[rows, y] = dx.sum(axis=1)"},
    ),
    mistake(
        "S18",
        "svm_loss",
        "not averaged over the batch",
        "The loss is the mean over the examples, so both the loss and its gradient carry 1/N. One of yours does not.",
        {"return loss, dx / len(x)": "return loss, dx"},
        {"loss = margins.sum() / len(x)": "loss = margins.sum()"},
        {"return loss, dx / len(x)": "return loss, dx", "loss = margins.sum() / len(x)": "loss = margins.sum()"},
    ),
)
