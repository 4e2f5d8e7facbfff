"""The ladder's rungs beside PyTorch: `python -m benchmarks.ladder_peer 80 85 --data FOLDER --torch-python PATH`.

Each rung is trained from several seeds three ways, by turns, each alone on the machine, on the same images: by nndl as
its config says; by nndl with the recipe that the ladder comes from (Nesterov momentum and lookahead instead of Muon);
and with that recipe by PyTorch (`worker_ladder.py`, as its author trains it, in bfloat16 autocast and with GELU, but
with the rung's whitening_eps; `--by "PyTorch float32"` is for processors without bfloat16). Every training is added to
a file of results; the table is made of all that the file has: accuracy on the test set without and with test-time
augmentation (mean, standard deviation of one training), minutes of training, images a second.

PyTorch is no part of nndl: install it by hand into an environment of its own (`pip install torch==2.13.0`).
"""

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from statistics import mean, median, stdev
from typing import Any

from benchmarks.against_pytorch import KEEP_MEMORY, ROOT
from nndl.api import load_run
from nndl.config import Experiment, load_config
from nndl.data.augment.covering import Cutout
from nndl.data.augment.moving import Crop
from nndl.data.resolution import at_height
from nndl.net.catalog.conv import Conv
from nndl.net.catalog.residual import Residual
from nndl.net.shapes import everything, infer_shapes
from nndl.train.optimizers import SgdNesterovMomentum

Record = dict[str, Any]
IMAGES = 50_000
PER_STEP = 1024
"""The recipe counts learning rate and decay for so many images."""


def original(rung: str) -> list[str]:
    """Return the changes that make a rung's config that of the original recipe."""
    batch_size = load_config(f"ladder/{rung}").train.batch_size
    groups = (
        '{match: "*.beta", learning_rate: 64, weight_decay: 0.015625}',
        "{match: conv1.w, learning_rate: 0}",
        "{match: conv1.b, freeze_after: 3}",
    )
    rate = 1.5 * batch_size / PER_STEP
    return [
        f"train.optimizer={{sgd_nesterov_momentum: {{learning_rate: {rate}, momentum: 0.85}}}}",
        "train.schedule={one_cycle: {peak_at: 0.23, start: 0.2, final: 0.07}}",
        "train.weight_decay=8.87e-3",
        f"train.groups=[{', '.join(groups)}]",
        "train.average={lookahead: 5}",
        "train.accumulate=null",
        "train.resolution=null",
    ]


def recipe_of(experiment: Experiment, seed: int, bfloat16: bool) -> Record:
    """Return a rung's config in the terms of the recipe's author."""
    rule, train, layers = experiment.train.optimizer, experiment.train, experiment.model.layers
    convs = [layer for layer in layers if isinstance(layer, Conv)]
    residual = any(isinstance(layer, Residual) for layer in layers)
    augment = experiment.data.augment
    assert isinstance(rule, SgdNesterovMomentum)
    scale = 1 + 1 / (1 - rule.momentum)
    return {
        "widths": [conv.filters for conv in convs[1 :: 1 if residual else 2]],
        "residual": residual,
        "whitening_stride": convs[0].stride,
        "whitening_eps": convs[0].whitening_eps,
        "whitening_bias_epochs": 3,
        "epochs": train.epochs,
        "batch_size": train.batch_size,
        "momentum": rule.momentum,
        "kilostep_rate": rule.learning_rate / train.batch_size * PER_STEP * scale,
        # Ours is decoupled from the momentum, the author's goes through it and is so much larger in the long run.
        "kilostep_decay": rule.learning_rate
        * train.weight_decay
        * (1 - rule.momentum)
        / train.batch_size
        * PER_STEP
        * scale,
        "norm_bias_rate": 64,
        "norm_eps": 1e-12,
        "norm_momentum": 0.6,
        "translate": sum(each.pad for each in augment if isinstance(each, Crop)),
        "cutout": sum(each.size for each in augment if isinstance(each, Cutout)),
        "bfloat16": bfloat16,
        "seed": seed,
        "threads": os.cpu_count() or 1,
    }


def train_nndl(rung: str, seed: int, arguments: argparse.Namespace, sets: Sequence[str] = ()) -> Record:
    """Train once by the command a user would type, then score without the augmentation too."""
    folder = Path(arguments.runs) / f"ladder-{rung}{'-original' if sets else ''}-seed-{seed}"
    command = [sys.executable, "-m", "nndl", "train", f"ladder/{rung}", "--seed", str(seed), "--quiet"]
    command += [word for text in sets for word in ("--set", text)]
    subprocess.run([*command, "--data", arguments.data, "--run-dir", str(folder)], check=True, cwd=ROOT)
    summary = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
    run = load_run(folder)
    test = run.images("test")
    plain = run.evaluate(test.images, test.labels).accuracy
    return {"seconds": summary["seconds"], "plain": plain, "tta": summary["test"]["best"]["accuracy"]}


def train_nndl_originally(rung: str, seed: int, arguments: argparse.Namespace) -> Record:
    return train_nndl(rung, seed, arguments, original(rung))


def train_pytorch(rung: str, seed: int, arguments: argparse.Namespace, bfloat16: bool = True) -> Record:
    """Train once by PyTorch, in its own environment."""
    recipe = recipe_of(load_config(f"ladder/{rung}", original(rung)), seed, bfloat16)
    worker = ROOT / "benchmarks" / "worker_ladder.py"
    folder = str(Path(arguments.data).resolve() / "cifar-10-batches-bin")
    command = [arguments.torch_python, str(worker), folder, json.dumps(recipe)]
    done = subprocess.run(
        command, check=True, stdout=subprocess.PIPE, text=True, encoding="utf-8", env=os.environ | KEEP_MEMORY
    )
    result: Record = json.loads(done.stdout)
    return result


def train_pytorch_in_float32(rung: str, seed: int, arguments: argparse.Namespace) -> Record:
    return train_pytorch(rung, seed, arguments, bfloat16=False)


USUAL = {"nndl": train_nndl, "nndl original": train_nndl_originally, "PyTorch original": train_pytorch}
TRAINERS = USUAL | {"PyTorch float32": train_pytorch_in_float32}


def work_of(experiment: Experiment) -> float:
    """Count floating point operations of a training: three products in each layer, two operations a multiply-add."""
    resolution, shape = experiment.train.resolution, experiment.data.input_shape
    stages = resolution.stages if resolution else ((0.0, shape[1]),)
    ends = [*(share for share, _ in stages[1:]), 1.0]
    macs = sum(
        (end - begin) * sum(each.layer.macs(each.in_shape) for each in everything(placed))
        for (begin, size), end in zip(stages, ends, strict=True)
        for placed in [infer_shapes(experiment.model.layers, at_height(shape, size))]
    )
    return 6.0 * macs * IMAGES * experiment.train.epochs


def in_words(values: Sequence[float]) -> str:
    """Say "90.45 % ± 0.12"."""
    spread = f" ± {100 * stdev(values):.2f}" if len(values) > 1 else ""
    return f"{100 * mean(values):.2f} %{spread}"


def row(rung: str, who: str, records: Iterable[Record]) -> str:
    """Return one line of the table."""
    own = [record for record in records if (record["rung"], record["who"]) == (rung, who)]
    if not own:
        return ""
    epochs = load_config(f"ladder/{rung}", [] if who == "nndl" else original(rung)).train.epochs
    seconds = median(record["seconds"] for record in own)
    return (
        f"| {rung} | {who} | {epochs:g} | {len(own)} | {in_words([record['plain'] for record in own])} | "
        f"{in_words([record['tta'] for record in own])} | {seconds / 60:.1f} | {IMAGES * epochs / seconds:,.0f} |\n"
    )


def table(rungs: Sequence[str], records: Sequence[Record]) -> str:
    """Write the table in Markdown, up to three lines a rung."""
    head = (
        "| rung | by | epochs | seeds | test accuracy | with augmentation | minutes | images/s |\n|-|-|-|-|-|-|-|-|\n"
    )
    return head + "".join(row(rung, who, records) for rung in rungs for who in TRAINERS)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("rungs", nargs="+", help="such as 80 or 94")
    parser.add_argument("--seeds", default="1,2,3", help="separated by commas")
    parser.add_argument("--data", default="data", help="the folder with cifar-10-batches-bin")
    parser.add_argument("--torch-python", default="python", help="a Python that has PyTorch")
    parser.add_argument("--by", default=",".join(USUAL), help=f"who trains, separated by commas: {', '.join(TRAINERS)}")
    parser.add_argument("--runs", default="runs", help="where our run folders go")
    parser.add_argument("--results", default="runs/ladder.jsonl", help="results are added to it, and read from it")
    arguments = parser.parse_args()
    results = Path(arguments.results)
    results.parent.mkdir(parents=True, exist_ok=True)
    by = [who for who in arguments.by.split(",") if who]
    for rung in arguments.rungs:
        print(f"ladder/{rung}: {work_of(load_config(f'ladder/{rung}')):.2g} operations", flush=True)
        for seed in [int(seed) for seed in arguments.seeds.split(",") if seed]:
            for who in by:
                record = {"rung": rung, "who": who, "seed": seed, **TRAINERS[who](rung, seed, arguments)}
                with results.open("a", encoding="utf-8") as file:
                    file.write(json.dumps(record) + "\n")
                print(record, flush=True)
    lines = results.read_text(encoding="utf-8").splitlines() if results.is_file() else []
    print(table(arguments.rungs, [json.loads(line) for line in lines]))


if __name__ == "__main__":
    main()
