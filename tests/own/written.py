"""A layer of one's own in a file, a config that uses it, and where what is known of code is kept during a test."""

from pathlib import Path

SWISH = '''\
"""A layer of one's own."""

import numpy as np

import nndl
from nndl.parts import Layer, Pair


def swish_forward(x, beta):
    s = 1 / (1 + np.exp(-beta * x))
    return x * s, (x, s, beta)


def swish_backward(dout, cache):
    x, s, beta = cache
    return dout * (s + beta * x * s * (1 - s))


@nndl.register
class Swish(Layer):
    """Swish: x times the logistic function of beta x."""

    kind = "swish"
    shorthand = "beta"
    pair = Pair(swish_forward, swish_backward)

    beta: float = 1.0
    """The steepness."""

    def arguments(self, params, param_dict):
        return (self.beta,)
'''
CONFIG = """\
use: [my_layers.py]
engine: vectorized
threads: 1
data: {dataset: synthetic, train_size: 60, test_size: 20, validation_size: 20}
model:
  layers: [avg_pool: 8, conv: 4, swish: 2.0, swish, affine: 10]
train: {epochs: 2, batch_size: 10}
"""

SWEEP = """\
base: mine.yaml
trials: 2
objective: [validation_accuracy]
space:
  train.optimizer.sgd_momentum.learning_rate: {log: [1.0e-3, 1.0e-1]}
"""


def write(folder: Path, config: str = CONFIG, code: str = SWISH, name: str = "my_layers.py") -> Path:
    """Write the file and the config; returns the config's path."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(code, encoding="utf-8")
    (folder / "mine.yaml").write_text(config, encoding="utf-8")
    return folder / "mine.yaml"
