"""PyTorch as a contender: `python -m benchmarks.worker_torch "torch float32 channels_last" WORKLOAD BATCH THREADS`.

It trains, or computes scores if its name ends in "scores". A workload that ends in .py is a module with a class
Network, as `nndl export --to pytorch` writes it. Its Python has PyTorch and needs nothing that nndl does.
"""

import importlib.util
import sys
from collections.abc import Callable

import torch
from torch import nn

from benchmarks.bursts import serve_steps


class Residual(nn.Module):
    """x + body(x)."""

    def __init__(self, *body: nn.Module) -> None:
        super().__init__()
        self.body = nn.Sequential(*body)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x + self.body(x)


def conv_bn(before: int, behind: int, *tail: nn.Module) -> list[nn.Module]:
    return [nn.Conv2d(before, behind, 3, padding=1, bias=False), nn.BatchNorm2d(behind), nn.ReLU(inplace=True), *tail]


def speedrun_block(before: int, behind: int) -> list[nn.Module]:
    return [
        *(
            nn.Conv2d(before, behind, 3, padding=1, bias=False),
            nn.MaxPool2d(2),
            nn.BatchNorm2d(behind),
            nn.SiLU(inplace=True),
        ),
        *(nn.Conv2d(behind, behind, 3, padding=1, bias=False), nn.BatchNorm2d(behind), nn.SiLU(inplace=True)),
    ]


def written(path: str) -> nn.Module:
    """Return the network of a module that nndl wrote."""
    spec = importlib.util.spec_from_file_location("network", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.Network()


def network(workload: str) -> nn.Module:
    if workload.endswith(".py"):
        return written(workload)
    pool = nn.MaxPool2d
    layers: dict[str, Callable[[], list[nn.Module]]] = {
        "W1": lambda: [
            *(*conv_bn(3, 32, pool(2)), *conv_bn(32, 64, pool(2)), nn.Flatten()),
            *(nn.Linear(4096, 128), nn.BatchNorm1d(128), nn.ReLU(inplace=True), nn.Linear(128, 10)),
        ],
        "W2": lambda: [
            *(*conv_bn(3, 64), *conv_bn(64, 128, pool(2)), Residual(*conv_bn(128, 128), *conv_bn(128, 128))),
            *(
                *conv_bn(128, 256, pool(2)),
                *conv_bn(256, 512, pool(2)),
                Residual(*conv_bn(512, 512), *conv_bn(512, 512)),
            ),
            *(pool(4), nn.Flatten(), nn.Linear(512, 10)),
        ],
        "W3": lambda: [
            *(nn.Conv2d(3, 32, 7, padding=3), nn.ReLU(inplace=True), pool(2), nn.Flatten()),
            *(nn.Linear(8192, 100), nn.ReLU(inplace=True), nn.Linear(100, 10)),
        ],
        "W4": lambda: [
            *(nn.Conv2d(3, 24, 2), nn.SiLU(inplace=True)),
            *(*speedrun_block(24, 64), *speedrun_block(64, 256), *speedrun_block(256, 256)),
            *(pool(3), nn.Flatten(), nn.Linear(256, 10, bias=False)),
        ],
        "bn_cnn": lambda: [
            *(*conv_bn(3, 32, pool(2)), *conv_bn(32, 64, pool(2)), *conv_bn(64, 128, pool(2))),
            *(nn.Flatten(), nn.Linear(2048, 10)),
        ],
    }
    return nn.Sequential(*layers[workload]())


def main() -> None:
    name, workload, batch, threads = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
    if threads:
        torch.set_num_threads(threads)
    torch.manual_seed(0)
    layout = torch.channels_last if "channels_last" in name else torch.contiguous_format
    model = network(workload).to(memory_format=layout)
    images = torch.randn(batch, 3, 32, 32).contiguous(memory_format=layout)
    if name.endswith("scores"):
        model.eval()
        with torch.inference_mode():
            serve_steps(lambda: model(images), batch)
        return
    labels = torch.randint(0, 10, (batch,))
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-3, momentum=0.9, nesterov=True)

    def step() -> None:
        optimizer.zero_grad(set_to_none=True)
        with torch.autocast("cpu", torch.bfloat16, enabled="bfloat16" in name):
            loss = nn.functional.cross_entropy(model(images), labels)
        loss.backward()
        optimizer.step()

    serve_steps(step, batch)


if __name__ == "__main__":
    main()
