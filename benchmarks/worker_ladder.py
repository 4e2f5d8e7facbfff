"""One training of a rung of the ladder in PyTorch: `python benchmarks/worker_ladder.py CIFAR_FOLDER RECIPE_JSON`.

The speed-run recipe (Jordan, "94% on CIFAR-10 in 3.29 Seconds on a Single GPU", 2024) as its author trains it, but for
bfloat16 autocast in place of half precision: PyTorch's fastest on a CPU. Run by a Python that has PyTorch and need not
have nndl; `benchmarks.ladder_peer` writes the recipe. Prints a line of JSON.
"""

import json
import math
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn import functional

Recipe = dict[str, Any]


class Block(nn.Module):
    """Two convolutions with batch norm, or three, with a residual over the last two; the first is pooled.

    Norms have a bias and no scale.
    """

    def __init__(self, before: int, behind: int, recipe: Recipe) -> None:
        super().__init__()
        self.residual, depth = recipe["residual"], 3 if recipe["residual"] else 2
        self.convs = nn.ModuleList(conv(behind if number else before, behind) for number in range(depth))
        eps, momentum = recipe["norm_eps"], 1 - recipe["norm_momentum"]
        self.norms = nn.ModuleList(nn.BatchNorm2d(behind, eps=eps, momentum=momentum) for _ in range(depth))
        for norm in self.norms:
            norm.weight.requires_grad = False

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = functional.gelu(self.norms[0](functional.max_pool2d(self.convs[0](x), 2)))
        inner = self.norms[1](self.convs[1](x))
        if not self.residual:
            return functional.gelu(inner)
        return functional.gelu(x + self.norms[2](self.convs[2](functional.gelu(inner))))


def conv(before: int, behind: int) -> nn.Conv2d:
    """Make a 3 x 3 convolution, its first filters passing their channels on."""
    made = nn.Conv2d(before, behind, 3, padding=1, bias=False)
    with torch.no_grad():
        nn.init.dirac_(made.weight[:before])
    return made


def network(recipe: Recipe, images: torch.Tensor) -> nn.Sequential:
    """Build whitening, blocks, a head; `images` (N, 3, 32, 32) are whitened by the first layer."""
    whitening = nn.Conv2d(3, 24, 2, stride=recipe["whitening_stride"])
    with torch.no_grad():
        whitening.weight.copy_(whitening_filters(images, recipe["whitening_eps"]))
        whitening.bias.zero_()  # type: ignore[union-attr]
    whitening.weight.requires_grad = False
    blocks = [Block(before, behind, recipe) for before, behind in pairwise([24, *recipe["widths"]])]
    head = nn.Linear(recipe["widths"][-1], 10, bias=False)
    return nn.Sequential(whitening, nn.GELU(), *blocks, nn.AdaptiveMaxPool2d(1), nn.Flatten(), head)


def whitening_filters(images: torch.Tensor, eps: float) -> torch.Tensor:
    """Return eigenvectors of the 2 x 2 patches' covariance over their deviations, and the same with the sign turned."""
    patches = images.unfold(2, 2, 1).unfold(3, 2, 1).permute(0, 2, 3, 1, 4, 5).reshape(-1, 12).double()
    variances, vectors = torch.linalg.eigh(patches.T @ patches / len(patches))
    filters = (vectors / torch.sqrt(variances + eps)).T.reshape(12, 3, 2, 2)
    return torch.cat((filters, -filters)).float()


class Loader:
    """Training batches: flipped every other epoch, shifted within a reflected rim, a square of each blanked."""

    def __init__(self, images: torch.Tensor, labels: torch.Tensor, recipe: Recipe) -> None:
        self.images, self.labels, self.batch, self.shift = images, labels, recipe["batch_size"], recipe["translate"]
        self.square = recipe["cutout"]
        self.flipped = torch.rand(len(images)) < 0.5

    def __len__(self) -> int:
        return len(self.images) // self.batch

    def epoch(self, epoch: int) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        order = torch.randperm(len(self.images))
        for number in range(len(self)):
            index = order[number * self.batch : (number + 1) * self.batch]
            images = self.images[index]
            turn = (self.flipped[index] ^ (epoch % 2 == 1)).view(-1, 1, 1, 1)
            images = self._cut_out(self._shifted(torch.where(turn, images.flip(3), images)))
            yield images.contiguous(memory_format=torch.channels_last), self.labels[index]

    def _shifted(self, images: torch.Tensor) -> torch.Tensor:
        padded = functional.pad(images, (self.shift,) * 4, mode="reflect")
        out, most = torch.empty_like(images), 2 * self.shift + 1
        top, left = torch.randint(0, most, (2, len(images)))
        for y in range(most):
            for x in range(most):
                chosen = (top == y) & (left == x)
                out[chosen] = padded[chosen, :, y : y + 32, x : x + 32]
        return out

    def _cut_out(self, images: torch.Tensor) -> torch.Tensor:
        if not self.square:
            return images
        first = torch.randint(0, 32, (2, len(images), 1)) - self.square // 2
        rows, columns = (torch.arange(32) >= first) & (torch.arange(32) < first + self.square)
        return images.masked_fill((rows[:, :, None] & columns[:, None, :])[:, None], 0.0)


class Lookahead:
    """Slow weights that the fast ones are set back to."""

    def __init__(self, model: nn.Module) -> None:
        self.slow = {name: value.clone() for name, value in model.state_dict().items()}

    def update(self, model: nn.Module, kept: float) -> None:
        for name, value in model.state_dict().items():
            if value.is_floating_point():
                self.slow[name].lerp_(value, 1 - kept)
                value.copy_(self.slow[name])


def optimizer_of(model: nn.Sequential, recipe: Recipe) -> torch.optim.Optimizer:
    """Make the optimizer, on the summed loss; the decay of a step does not depend on the group's learning rate."""
    scale = 1024 * (1 + 1 / (1 - recipe["momentum"]))
    rate, decay = recipe["kilostep_rate"] / scale, recipe["kilostep_decay"] * recipe["batch_size"] / scale
    trained = {name: value for name, value in model.named_parameters() if value.requires_grad}
    norms = [value for name, value in trained.items() if "norm" in name]
    others = [value for name, value in trained.items() if "norm" not in name]
    faster = rate * recipe["norm_bias_rate"]
    groups = [
        {"params": norms, "lr": faster, "weight_decay": decay / faster},
        {"params": others, "lr": rate, "weight_decay": decay / rate},
    ]
    return torch.optim.SGD(groups, momentum=recipe["momentum"], nesterov=True)


def triangle(step: int, steps: int) -> float:
    """Return 0.2 to 1 over the first 23 % of steps, then down to 0.07."""
    rising = int(steps * 0.23)
    if step < rising:
        return 0.2 + 0.8 * step / rising
    return 0.07 + 0.93 * (steps - step) / (steps - rising)


def train(model: nn.Sequential, loader: Loader, recipe: Recipe) -> float:
    """Train; returns the seconds it took."""
    began, optimizer, lookahead = perf_counter(), optimizer_of(model, recipe), Lookahead(model)
    steps, step = math.ceil(len(loader) * recipe["epochs"]), 0
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: triangle(step, steps))
    for epoch in range(math.ceil(recipe["epochs"])):
        model[0].bias.requires_grad = epoch < recipe["whitening_bias_epochs"]
        model.train()
        for images, labels in loader.epoch(epoch):
            with torch.autocast("cpu", torch.bfloat16, enabled=recipe["bfloat16"]):
                scores = model(images) / 9
            loss = functional.cross_entropy(scores.float(), labels, label_smoothing=0.2, reduction="sum")
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()
            schedule.step()
            step += 1
            if step % 5 == 0:
                lookahead.update(model, 0.95**5 * (step / steps) ** 3)
            if step == steps:
                lookahead.update(model, 1.0)
                break
        print(f"epoch {epoch + 1} {perf_counter() - began:.0f} s", file=sys.stderr, flush=True)
    return perf_counter() - began


def evaluate(model: nn.Module, images: torch.Tensor, labels: torch.Tensor, recipe: Recipe) -> dict[str, float]:
    """Score the images alone, and averaged over mirrored and shifted views."""
    right = {"plain": 0, "tta": 0}

    def scores(view: torch.Tensor) -> torch.Tensor:
        with torch.autocast("cpu", torch.bfloat16, enabled=recipe["bfloat16"]):
            return model(view.contiguous(memory_format=torch.channels_last)).float()

    model.eval()
    with torch.no_grad():
        for part, y in zip(images.split(1000), labels.split(1000), strict=True):
            plain = scores(part)
            padded = functional.pad(part, (1, 1, 1, 1), mode="reflect")
            shifted = [padded[:, :, :-2, :-2], padded[:, :, 2:, 2:]]
            averaged = 0.25 * plain + 0.25 * scores(part.flip(3))
            averaged = averaged + sum(0.125 * (scores(view) + scores(view.flip(3))) for view in shifted)
            right["plain"] += int((plain.argmax(1) == y).sum())
            right["tta"] += int((averaged.argmax(1) == y).sum())
    return {name: count / len(labels) for name, count in right.items()}


def load(folder: Path, files: list[str]) -> tuple[torch.Tensor, torch.Tensor]:
    """Load normalised images (N, 3, 32, 32) and labels of the official binary files."""
    records = np.concatenate([np.fromfile(folder / name, np.uint8).reshape(-1, 3073) for name in files])
    pixels = torch.from_numpy(records[:, 1:].reshape(-1, 3, 32, 32)).float() / 255
    mean, std = torch.tensor([0.4914, 0.4822, 0.4465]), torch.tensor([0.2470, 0.2435, 0.2616])
    return (pixels - mean.view(3, 1, 1)) / std.view(3, 1, 1), torch.from_numpy(records[:, 0].astype(np.int64))


def main() -> None:
    folder, recipe = Path(sys.argv[1]), json.loads(sys.argv[2])
    torch.set_num_threads(recipe["threads"])
    torch.manual_seed(recipe["seed"])
    images, labels = load(folder, [f"data_batch_{number}.bin" for number in range(1, 6)])
    model = network(recipe, images[:5000]).to(memory_format=torch.channels_last)
    seconds = train(model, Loader(images, labels, recipe), recipe)
    print(json.dumps({"seconds": seconds, **evaluate(model, *load(folder, ["test_batch.bin"]), recipe)}), flush=True)


if __name__ == "__main__":
    main()
