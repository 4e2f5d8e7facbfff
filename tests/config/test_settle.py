"""A folder of pictures settles what a config leaves open; and where it does not fit, that is told in its place."""

from pathlib import Path

import pytest

from nndl.config import load_config, parse_config
from nndl.config.data import build_split
from nndl.config.reading.messages import Problem, ProblemsError
from nndl.config.writing.show import dump
from nndl.errors import DataError
from nndl.net.catalog import Affine
from tests.data.sources.drawn import fill
from tests.data.sources.test_idx import published

TEXT = """\
data:
  dataset: folder
  root: {root}
  {more}
model:
  layers: [conv: 4, max_pool: 8, affine: classes]
"""


@pytest.fixture
def pets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("NNDL_CACHE", str(tmp_path / "caches"))
    return fill(tmp_path / "pets", {"cat": 14, "dog": 14, "owl": 7})


def config(root: Path, more: str = "size: 16") -> str:
    return TEXT.format(root=f"'{root}'", more=more)


def faults(root: Path, more: str) -> list[Problem]:
    with pytest.raises(ProblemsError) as told:
        parse_config(config(root, more), "pets.yaml")
    return told.value.problems


def test_shape_classes_and_sizes_are_those_of_the_pictures(pets: Path) -> None:
    made = parse_config(config(pets), "pets.yaml")
    data = made.data
    assert (data.input_shape, data.class_names) == ((3, 16, 16), ("cat", "dog", "owl"))
    assert (data.training_images, data.held_out) == (28, 3)
    assert made.model.layers[-1] == Affine(out_features=3)
    split = build_split(made)
    assert (len(split.train), len(split.validation), len(split.test)) == (25, 3, 7)
    assert split.dataset.train.shape == (3, 16, 16)


def test_the_kept_config_says_them_and_needs_no_pictures(pets: Path) -> None:
    more = ("size: [20, 24]", "channels: 1", "classes: [owl, cat]", "validation_size: 0.25")
    made = parse_config(config(pets, "\n  ".join(more)), "pets.yaml")
    assert made.data.input_shape == (1, 20, 24)
    assert made.data.held_out == round(0.25 * 17)
    pets.rename(pets.parent / "elsewhere")
    assert parse_config(dump(made), "config.yaml") == made


def test_a_config_may_be_written_for_a_folder_and_its_shape_still_be_told_by_layer(pets: Path) -> None:
    text = config(pets, "size: 8").replace("max_pool: 8", "max_pool: 9")
    with pytest.raises(ProblemsError, match=r"pets.yaml:6:.*max_pool slides a 9 x 9 window, but images 4 x 8 x 8"):
        parse_config(text, "pets.yaml")


@pytest.mark.parametrize(
    ("more", "line", "words"),
    [
        ("classes: [cat, cow]", 4, "has no class cow"),
        ("classes: [cat, cat]", 4, "class cat is named twice"),
        ("train_size: 29", 4, "train_size should be 28 or less"),
        ("validation_size: 0.01", 4, "from 3 (one of each class)"),
        ("validation_size: 28", 4, "to less than the 28 training images, not 28"),
        ("size: 7", 4, "size should be 8 or more"),
        ("size: 225", 4, "224 or less"),
        ("size: [16, 300]", 4, "224 or less"),
        ("size: [16]", 4, "size"),
        ("channels: 2", 4, "1, 3 or 'auto'"),
        ("augment: [{crop: 40}]", 4, "crop: pad is from 0 to 31 with images of 32 x 32"),
        ("test_share: 1.5", 4, "less than 1"),
    ],
)
def test_what_does_not_fit_is_told_where_it_stands(pets: Path, more: str, line: int, words: str) -> None:
    (fault,) = faults(pets, more)
    assert words in fault.words
    assert fault.mark.line + 1 == line


def test_pictures_that_are_not_there_are_told_at_the_root(tmp_path: Path) -> None:
    (fault,) = faults(tmp_path / "nowhere", "size: 16")
    assert "there is no folder" in fault.words
    assert (fault.mark.line, fault.mark.column) == (2, 8)


def test_another_root_may_be_set(pets: Path) -> None:
    made = parse_config(config(pets / "nowhere"), "pets.yaml", [f"data.root='{pets}'"])
    assert len(made.data.class_names) == 3
    with pytest.raises(ProblemsError, match=r"--set data\.root"):
        parse_config(config(pets), "pets.yaml", ["data.root=nowhere"])


def test_generated_images_take_its_place(pets: Path, tmp_path: Path) -> None:
    from nndl.config.reading.overrides import SYNTHETIC

    (tmp_path / "pets.yaml").write_text(
        config(pets / "nowhere", "size: [64, 40]\n  channels: 1\n  classes: [cat, dog]")
    )
    made = load_config(tmp_path / "pets.yaml", SYNTHETIC)
    assert (made.data.input_shape, len(made.data.class_names)) == ((1, 64, 40), 10)
    split = build_split(made)
    assert (split.dataset.train.shape, split.test.shape, split.dataset.synthetic) == ((1, 64, 40), (1, 64, 40), True)


def test_the_size_of_a_known_data_set_cannot_be_chosen() -> None:
    for more in ("size: 64", "channels: 1"):
        with pytest.raises(ProblemsError, match=r"images of cifar10 are 3 x 32 x 32; leave .* out"):
            parse_config(f"data: {{{more}}}\nmodel: {{layers: [affine: classes]}}\n", "f.yaml")
    for more in ("damaged: skip", "test_share: 0.1"):
        with pytest.raises(ProblemsError, match=r"is for images of one's own"):
            parse_config(f"data: {{{more}}}\nmodel: {{layers: [affine: classes]}}\n", "f.yaml")
    parse_config("data: {size: 32, channels: 3}\nmodel: {layers: [affine: classes]}\n", "f.yaml")


def test_pictures_in_valid_beside_test_validate_unless_a_number_is_said(pets: Path) -> None:
    root = pets.parent / "parts"
    for part, count in (("train", 10), ("valid", 4), ("test", 3)):
        fill(root / part, {"cat": count, "dog": count})
    made = parse_config(config(root), "pets.yaml")
    assert (made.data.validation_size, made.data.train_size, made.data.validates) == ("given", 20, True)
    again = parse_config(dump(made), "config.yaml")
    assert again == made
    for split in map(build_split, (made, again)):  # the second from the cache
        assert [len(part) for part in (split.train, split.validation, split.test)] == [20, 8, 6]
        held_out = split.dataset.train.take(split.validation)
        assert [int(held_out.images[at].argmax(axis=0).mean().round()) for at in (0, 7)] == [
            0,
            1,
        ]  # red cats, green dogs
        assert not set(split.train) & set(split.validation)
    some = build_split(parse_config(config(root, "size: 16\n  classes: [dog, cat]\n  train_size: 6"), "pets.yaml"))
    assert (len(some.train), len(some.validation)) == (6, 8)
    joined = build_split(parse_config(config(root, "validation_size: 7"), "pets.yaml"))
    assert (len(joined.train), len(joined.validation)) == (21, 7)
    fold = build_split(parse_config(config(root, "fold: 1/4"), "pets.yaml"))
    assert (len(fold.train), len(fold.validation)) == (21, 7)


def test_what_is_given_must_be_there(tmp_path: Path, pets: Path) -> None:
    told = faults(pets, "validation_size: given")
    assert "there are no images for validation, as in valid/ beside test/" in told[0].words
    with pytest.raises(ProblemsError, match="cifar10 has no images for validation apart"):
        parse_config("data: {validation_size: given}\nmodel: {layers: [affine: 10]}", "f.yaml")
    root = tmp_path / "parts"
    for part in ("train", "valid", "test"):
        fill(root / part, {"cat": 4, "dog": 4})
    made = parse_config(config(root), "pets.yaml")
    (root / "valid").rename(tmp_path / "gone")
    with pytest.raises(DataError, match="has no images for validation"):
        build_split(made)


def test_a_test_set_of_damaged_pictures_alone_is_told_before_training(pets: Path) -> None:
    root = pets.parent / "parts"
    for part in ("train", "test"):
        fill(root / part, {"cat": 4, "dog": 4})
    for path in (root / "test").rglob("*.*"):
        path.write_bytes(b"no picture")
    made = parse_config(config(root, "size: 16\n  damaged: skip"), "pets.yaml")
    with pytest.raises(DataError, match="has no images to test on"):
        build_split(made)


def test_one_class_alone_is_told_how_many_it_takes(pets: Path) -> None:
    told = faults(pets, "classes: [cat]")
    assert [each.words for each in told] == ["classes should be a list of 2 or more or 'all', not a list of 1"]


def test_classes_named_by_numbers_need_no_quotes(pets: Path) -> None:
    for name, digit in (("cat", "3"), ("dog", "1"), ("owl", "02")):
        (pets / name).rename(pets / digit)
    read = parse_config(config(pets, "classes: [3, 1]\n  sampling: {3: 2.0}"), "digits.yaml")
    assert read.data.class_names == ("3", "1")
    assert parse_config(dump(read), "config.yaml").data == read.data
    (problem,) = faults(pets, "classes: [3, 2]")
    assert "has no class 2; did you mean '02'?" in problem.words
    (problem,) = faults(pets, "classes: [3, 1.5]")
    assert problem.path == ("data", "classes", 1)


@pytest.mark.parametrize("dataset", ["cifar10", "folder", "mnist"])
def test_a_root_of_nothing_is_not_taken_for_the_working_folder(dataset: str) -> None:
    with pytest.raises(ProblemsError, match=r"f.yaml:1:\d+: root should name the folder of the data; '.' is the w"):
        parse_config(f"data: {{dataset: {dataset}, root: ''}}\nmodel: {{layers: [affine: 10]}}\n", "f.yaml")


@pytest.mark.parametrize("packed", [True, False])
def test_an_idx_file_that_was_cut_off_is_told_at_its_root(tmp_path: Path, packed: bool) -> None:
    published(tmp_path, packed)
    images = next(tmp_path.glob("train-images*"))
    images.write_bytes(images.read_bytes()[:-5000])
    text = f"data:\n  dataset: mnist\n  root: '{tmp_path}'\nmodel: {{layers: [affine: 10]}}\n"
    with pytest.raises(ProblemsError) as told:
        parse_config(text, "f.yaml")
    assert str(told.value).startswith(
        f"f.yaml:3:9: {images} {'is damaged' if packed else 'says it holds (50, 28, 28)'}"
    )
