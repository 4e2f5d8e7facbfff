"""Run folders as a training leaves them, without one."""

import json
import os
from pathlib import Path
from typing import Any

CONFIG = """\
name: {name}
seed: {seed}
data: {{dataset: {dataset}, root: {root}, validation_size: {validation_size}}}
model: {{layers: [{{affine: 10}}]}}
train: {{epochs: {epochs}, l2: {l2}}}
"""


def make_run(
    folder: Path,
    *,
    name: str = "tiny",
    seed: int = 0,
    l2: float = 0.0,
    epochs: float = 2,
    validation_size: int = 5000,
    dataset: str = "cifar10",
    root: str = "data",
    validation: tuple[float | None, ...] = (0.5, 0.6),
    test: float | None = 0.55,
    status: str = "finished",
    begun: float = 1e9,
) -> Path:
    """A run of 10 steps an epoch, with these accuracies."""
    folder.mkdir(parents=True)
    lines: list[dict[str, Any]] = []
    for epoch, accuracy in enumerate(validation, 1):
        for step in range(10 * epoch - 9, 10 * epoch + 1):
            rate = {"loss": 2.0 / step, "learning_rate": 0.1, "images": 32, "seconds": 0.1}
            lines.append({"kind": "step", "step": step, "epoch": epoch, **rate})
        scores = {"train_loss": 1.0 / epoch, "train_accuracy": 0.1 + (accuracy or 0.5), "validation_loss": 1.2 / epoch}
        pace = {"learning_rate": 0.1, "seconds": 1.0, "images_per_second": 320.0, "is_best": True}
        lines.append(
            {"kind": "epoch", "step": 10 * epoch, "epoch": epoch, **scores, "validation_accuracy": accuracy, **pace}
        )
    (folder / "metrics.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    summary: dict[str, Any] = {"status": status, "step": 10 * len(validation), "steps": 20, "pid": 1, "host": "nowhere"}
    if test is not None:
        summary |= {"seconds": 2.5, "test": {"best": {"accuracy": test}}}
    (folder / "summary.json").write_text(json.dumps(summary), encoding="utf-8")
    config = folder / "config.yaml"
    words = {"name": name, "seed": seed, "l2": l2, "dataset": dataset, "root": root, "epochs": epochs}
    config.write_text(CONFIG.format(**words, validation_size=validation_size), encoding="utf-8")
    os.utime(config, (begun, begun))
    return folder
