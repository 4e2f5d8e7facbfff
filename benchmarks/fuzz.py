"""Damaged files by the hundred, against every reader: `python -m benchmarks.fuzz --configs 300 --files 100 --runs 300`.

Each reader must read what it is given as it was meant, or refuse it with an error of nndl's (in words, exit code 1 or
2). Anything else that it raises would be a traceback. Accepted wrongly is a config that does not mean the same once it
is printed, or whose network cannot score an image; an archive or a file with a checksum whose content is not what was
written; a file without one (.npy, pictures, CIFAR's Python batches) that gives other than images in their shape.
Run folders and the verbs that read them are `benchmarks.fuzz_runs`.
"""

import argparse
import contextlib
import dataclasses
import io
import sys
import tempfile
import traceback
import warnings
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from nndl.cli.screen import terminal
from nndl.data.normalize import Normalize
from nndl.errors import NndlError

Reader = Callable[[Path], bool]
"""Reads a damaged file; returns whether what it gives is right. Raises NndlError to refuse it."""


@dataclasses.dataclass
class Tally:
    """The fate of the damaged files of one kind."""

    kind: str
    tried: int = 0
    refused: int = 0
    accepted: int = 0
    wrongly: int = 0
    tracebacks: int = 0

    def take(self, read: Callable[[], bool]) -> None:
        """Count one file."""
        self.tried += 1
        try:
            right = read()
        except NndlError as error:
            str(error).encode("utf-8")
            self.refused += 1
        except Exception:
            self.tracebacks += 1
            traceback.print_exc(limit=-4)
        else:
            self.accepted += 1
            self.wrongly += not right


def damaged(content: bytes, random: np.random.Generator) -> bytes:
    """Cut short, flip, blank, double or lengthen bytes in one to three places, half of them at the front."""
    raw = bytearray(content)
    for _ in range(random.integers(1, 4)):
        end = len(raw) if random.integers(2) else min(len(raw), 300)
        at, size = int(random.integers(0, max(1, end))), int(random.integers(1, 40))
        how = random.integers(5)
        if how == 0:
            del raw[at:]
        elif how == 1 and raw:
            raw[min(at, len(raw) - 1)] ^= 1 << int(random.integers(8))
        elif how == 2:
            raw[at : at + size] = bytes(len(raw[at : at + size]))
        elif how == 3:
            raw[at:at] = raw[at : at + size]
        else:
            raw[at:at] = random.bytes(size)
    return bytes(raw)


def configs(count: int, seed: int) -> Tally:
    """Try bundled configs with keys dropped, renamed, retyped, doubled, or with their text scribbled on."""
    import hypothesis
    from hypothesis import HealthCheck, Phase, given, settings

    from tests.config.mangle import texts, trees, written

    tally = Tally("config")

    @hypothesis.seed(seed)
    @settings(
        max_examples=count,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(trees().map(written) | texts())
    def one(text: str) -> None:
        if tally.tried < count:
            tally.take(lambda: _means_the_same(text))

    one()
    return tally


def _means_the_same(text: str) -> bool:
    """Tell whether an accepted config survives being printed, and its network (if it is small) scores an image."""
    from nndl.config import parse_config
    from nndl.config.build import build_network
    from nndl.config.writing.show import dump
    from nndl.net.shapes import everything, infer_shapes

    experiment = parse_config(text, "damaged.yaml")
    same = parse_config(dump(experiment), "shown.yaml") == experiment
    placed = infer_shapes(experiment.model.layers, experiment.data.input_shape)
    if sum(each.layer.macs(each.in_shape) for each in everything(placed)) < 5e7:
        with np.errstate(all="ignore"):
            scores = build_network(experiment).scores(np.zeros((2, *experiment.data.input_shape), np.float32))
        same = same and scores.shape[0] == 2
    return same


def files(count: int, seed: int) -> list[Tally]:
    """Try every kind of file that is read, damaged `count` times each."""
    tallies = []
    for kind, (name, content, read) in sorted(_kinds().items()):
        random, tally = np.random.default_rng((seed, len(kind))), Tally(kind)
        for _ in range(count):
            with tempfile.TemporaryDirectory() as folder:
                path = Path(folder) / name
                path.write_bytes(damaged(content, random))
                tally.take(partial(read, path))
        tallies.append(tally)
    return tallies


def _kinds() -> dict[str, tuple[str, bytes, Reader]]:
    """Return by kind a file's name, its content, its reader."""
    from tests.data import fake

    release, archive = fake.small_release()
    whole = fake.files(release)
    pixels, labels = fake.images(5)
    return {
        "archive": ("x.tar.gz", archive, lambda path: _unpacks_to(path, release, whole)),
        "python batch": ("data_batch_1", fake.python_batch(pixels, labels), _is_a_batch),
        "npy": ("fog.npy", _npy(pixels.transpose(0, 2, 3, 1)), _is_a_robust_set),
        **_weights(),
        **{f"picture {kind}": (f"x.{kind}", _picture(kind), _is_a_picture) for kind in ("png", "jpeg", "webp", "tiff")},
    }


def _unpacks_to(path: Path, release: Any, whole: dict[str, bytes]) -> bool:
    from nndl.data.archive import extract

    folder = extract(path, path.parent / "out", release.limits(), release.files)
    return all((folder / name).read_bytes() == whole[name] for name in release.files)


def _is_a_batch(path: Path) -> bool:
    from nndl.data.cifar import load_python_batch

    images, labels = load_python_batch(path)
    return images.dtype == np.uint8 and len(images) == len(labels) and images[0].size == 3072


def _npy(array: Any) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, array)
    return buffer.getvalue()


def _is_a_robust_set(path: Path) -> bool:
    from nndl.data.robust import robust_sets

    np.save(path.with_name("labels.npy"), np.zeros(5, np.int64))
    return all(one.load()[0].shape == (1, 3, 32, 32) for one in robust_sets(path.parent))


def _weights() -> dict[str, tuple[str, bytes, Reader]]:
    """Make a checkpoint, weights in both formats, and a run's input.json."""
    from nndl.engines.reference import REFERENCE
    from nndl.export.files import npz_bytes, read_weights, safetensors_bytes
    from nndl.export.load import load_arrays
    from nndl.export.torch_names import to_torch
    from nndl.net.catalog.affine import Affine
    from nndl.net.catalog.norm import Bn
    from nndl.net.network import Network
    from nndl.runs.checkpoint import read_checkpoint, write_checkpoint
    from nndl.runs.folder import RunFolder
    from nndl.runs.inputs import Inputs, read_inputs, write_inputs

    def made(seed: int) -> Network:
        return Network((Affine(out_features=8), Bn(), Affine(out_features=4)), (3, 4, 4), REFERENCE, seed=seed)

    network, normalize = made(0), Normalize(np.array([120.0, 110, 100]), np.array([60.0, 61, 62]))

    def comes_back(path: Path) -> bool:
        other = made(1)
        load_arrays(other, read_weights(path, 10**6), path.name)
        return all(np.array_equal(other.params[name], value) for name, value in network.params.items())

    def is_the_state(path: Path) -> bool:
        arrays, info = read_checkpoint(path)
        return info == {"step": 3} and all(np.array_equal(arrays[name], v) for name, v in network.params.items())

    def are_the_inputs(path: Path) -> bool:
        read = read_inputs(RunFolder(path.parent))
        return (
            read is not None
            and read.classes == ("cat", "dog")
            and np.array_equal(read.normalize.mean, normalize.mean)
            and np.array_equal(read.normalize.std, normalize.std)
        )

    with tempfile.TemporaryDirectory() as folder:
        write_checkpoint(Path(folder) / "s", network.params, {"step": 3})
        write_inputs(RunFolder(Path(folder)), Inputs(normalize, ("cat", "dog"), "cifar10", False))
        state, inputs = (Path(folder, name).read_bytes() for name in ("s", "input.json"))
    return {
        "checkpoint": ("last.safetensors", state, is_the_state),
        "weights npz": ("w.npz", npz_bytes(network, normalize, ("cat", "dog")), comes_back),
        "weights safetensors": ("w.safetensors", safetensors_bytes(to_torch(network, normalize), {}), comes_back),
        "input.json": ("input.json", inputs, are_the_inputs),
    }


def _picture(kind: str) -> bytes:
    from PIL import Image

    buffer = io.BytesIO()
    noise = np.random.default_rng(0).integers(0, 256, (40, 50, 3), np.uint8)
    Image.fromarray(noise).save(buffer, kind.upper())
    return buffer.getvalue()


def _is_a_picture(path: Path) -> bool:
    from nndl.data.pictures import read_picture

    pixels = read_picture(path)
    return pixels.shape == (3, 32, 32) and pixels.dtype == np.uint8


def runs(count: int, seed: int) -> list[Tally]:
    """Try run folders damaged `count` times, each with the next verb that reads runs; call it before computing.

    Accepted wrongly is what wrote to a file elsewhere; a traceback counts like a hang or more memory than it can need.
    """
    from benchmarks.fuzz_runs import VERBS, import_all, make_template, try_verb

    import_all()
    tallies = {words: Tally(f"nndl {words}") for words in VERBS}
    with tempfile.TemporaryDirectory(prefix="nndl-") as folder:
        template = Path(folder) / "template"
        template.mkdir()
        make_template(template)
        for number in range(count):
            words = VERBS[number % len(VERBS)]
            code, fault = try_verb(words, template, (seed, number))
            tally = tallies[words]
            tally.tried += 1
            tally.accepted += code == 0
            tally.refused += code in (1, 2)
            tally.wrongly += "file elsewhere" in fault
            tally.tracebacks += bool(fault) and "file elsewhere" not in fault
            if fault:
                print(f"{number}: {fault}", file=sys.stderr)
    return [tally for tally in tallies.values() if tally.tried]


def places(count: int, seed: int) -> Tally:
    """Set `count` places of a run's files to odd values, each shown by all verbs that show runs."""
    from benchmarks.fuzz_places import cases, prepare, try_case
    from benchmarks.fuzz_runs import import_all, make_template

    tally = Tally("places of a run's files")
    import_all()
    with tempfile.TemporaryDirectory(prefix="nndl-") as folder, contextlib.chdir(folder):
        make_template(Path(folder))
        files = prepare(Path(folder))
        for case in cases(files, count, seed):
            faults = try_case(Path(folder), files, case)
            tally.tried += 1
            tally.accepted += not faults
            tally.tracebacks += bool(faults)
            print("\n".join(faults), end="", file=sys.stderr)
    return tally


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("--configs", type=int, default=300, help="damaged configs")
    parser.add_argument("--files", type=int, default=100, help="damaged files of each kind")
    parser.add_argument("--runs", type=int, default=300, help="damaged run folders (POSIX only)")
    parser.add_argument("--places", type=int, default=500, help="values of a run's files (POSIX only)")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    tallies = runs(options.runs, options.seed) if options.runs else []  # first, since it forks
    tallies += [places(options.places, options.seed)] if options.places else []
    warnings.simplefilter("error")
    tallies += [configs(options.configs, options.seed)] if options.configs else []
    tallies += files(options.files, options.seed) if options.files else []
    total = Tally("all")
    for field in ("tried", "refused", "accepted", "wrongly", "tracebacks"):
        setattr(total, field, sum(getattr(tally, field) for tally in tallies))
    columns = ("damaged", "tried", "refused", "accepted", "accepted wrongly", "tracebacks")
    terminal.print_table(columns, [dataclasses.astuple(tally) for tally in tallies], footer=dataclasses.astuple(total))
    return 1 if total.wrongly or total.tracebacks else 0


if __name__ == "__main__":
    sys.exit(main())
