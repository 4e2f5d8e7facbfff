"""Mistakes in dropout."""

from nndl.check.mistakes.entry import mistake

MASK = "mask = ((_uniform(x.shape, dropout_param) < p) / p).astype(x.dtype)"
TEST = "return x, (dropout_param, None)"
BACK = "return dout if mask is None else dout * mask"
FORWARD, BACKWARD = "dropout_forward", "dropout_backward"


DROPS = r"drop (each|every|a |out|neuron|unit)|probability (of|to|that)[^.]{0,60}drop|dropp(ed|ing)[^.]{0,30}probab"
"""The words of docstrings where p is the probability to drop."""


def masked(condition: str) -> dict[str, str]:
    return {MASK: f"mask = ({condition}).astype(x.dtype)"}


U = "_uniform(x.shape, dropout_param)"

MISTAKES = (
    mistake(
        "D35",
        FORWARD,
        "scaled in test mode instead of in training",
        """This is the older, plain dropout: it scales the outputs when testing. The course's is inverted:
        training makes up for the dropped units, and test mode changes nothing.""",
        {**masked(f"{U} < p"), TEST: "return x * p, (dropout_param, None)"},
        {TEST: "return x * p, (dropout_param, None)"},
    ),
    mistake(
        "D36",
        FORWARD,
        "normal instead of uniform random numbers",
        """You compare numbers of randn with p. They are normal, not uniform: below 0.5 lie 69 % of them. The
        share of kept units should be p.""",
        masked("(np.random.standard_normal(x.shape) < p) / p"),
        masked("np.random.standard_normal(x.shape) < p"),
        masked("(np.random.standard_normal(x.shape) > p) / p"),
    ),
    mistake(
        "D37",
        FORWARD,
        "training is not scaled",
        """With a share p of the units kept, the mean of the output is p times that of the input, while test mode
        leaves it whole: the next layer sees other sizes in training than in testing.""",
        masked(f"{U} < p"),
    ),
    mistake(
        "D38",
        FORWARD,
        "p is taken for the probability to drop",
        """You keep a share 1 - p of the units: your p is the probability to drop one. Here, as in the course
        since 2018, p is the probability to keep one. If your handout says otherwise, follow it.""",
        masked(f"({U} >= p) / (1 - p)"),
        note_if=DROPS,
    ),
    mistake(
        "D38",
        FORWARD,
        "a share 1 - p is kept, and divided by p",
        """The share that you keep and the number that you divide by do not belong together: the mean of the
        output is not that of the input. One of the two takes p for the probability to drop.""",
        masked(f"({U} >= p) / p"),
        masked(f"({U} < p) / (1 - p)"),
        masked(f"({U} >= p) * 1.0"),
    ),
    mistake(
        "D39",
        FORWARD,
        "the mask is drawn for some of the axes only",
        """Images have four axes: a mask of the first two does not fit them, or is repeated over the pixels.
        Every number of x gets its own draw.""",
        {MASK: "mask = ((np.random.random_sample(x.shape[:2]) < p) / p).astype(x.dtype)"},
        {MASK: "mask = ((np.random.random_sample(x.shape[:1]) < p) / p).astype(x.dtype)"},
        {MASK: "mask = ((np.random.random_sample(x.shape[1:]) < p) / p).astype(x.dtype)"},
        {MASK: "mask = ((np.random.random_sample(x.shape[1]) < p) / p).astype(x.dtype)"},
    ),
    mistake(
        "D40",
        BACKWARD,
        "backward uses another mask than forward",
        """The mask that backward finds in the cache is not the one that the output was made with: it is drawn a
        second time somewhere. A fixed seed hides this.""",
        {
            (
                FORWARD,
                "return x * mask, (dropout_param, mask)",
            ): f"other = ({U} < p) / p\n    return x * mask, (dropout_param, other)"
        },
    ),
    mistake(
        "D43",
        BACKWARD,
        "backward does not apply the mask as forward did",
        """Forward multiplies by the mask, so backward multiplies dout by the same mask, its factor included: out
        and x differ by exactly what dx and dout differ by.""",
        {BACK: "return dout"},
        {BACK: "return dout if mask is None else dout * (mask > 0)"},
        {BACK: "return dout if mask is None else dout * mask * mask.max()"},
        {BACK: "return dout if mask is None else dout * mask / mask.max() ** 2"},
    ),
    mistake(
        "D44",
        FORWARD,
        "units are dropped in test mode",
        "Test mode is for predictions: it drops nothing and scales nothing. Look at which mode draws the mask.",
        {f'if mode == "test":\n        {TEST}': 'if mode == "test":\n        mode = "train"'},
        {TEST: f"return x * (({U} < p) / p), (dropout_param, None)"},
    ),
)
