"""From a path or a name to an experiment, or to what is wrong with the path."""

import os
from pathlib import Path

import pytest

from nndl.config import load_config, parse_config
from nndl.config.bundled import bundled, names
from nndl.config.writing.show import dump
from nndl.errors import ConfigError

GOOD = "model: {layers: [affine: 10]}\n"


def refusal(path: str | Path) -> str:
    with pytest.raises(ConfigError) as caught:
        load_config(path)
    return str(caught.value)


@pytest.mark.parametrize("name", names())
def test_every_bundled_config_is_an_experiment_called_after_its_file(name: str) -> None:
    assert load_config(name).name == load_config(f"configs/{name}.yaml").name == name.replace("/", "-")


def test_an_experiment_is_called_after_its_file_unless_it_says_otherwise(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text(GOOD, encoding="utf-8")
    (tmp_path / "named.yaml").write_text(GOOD + "name: other\n", encoding="utf-8")
    assert load_config(tmp_path / "mine.yaml").name == "mine"
    assert load_config(str(tmp_path / "named.yaml")).name == "other"


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such names")
@pytest.mark.parametrize(
    "name", [b"caf\xe9", b"a\rb", b"a\x1bb", b"a\x7fb", b"a\nb", b"a\xe2\x80\xaeb", "café".encode()]
)
def test_a_file_of_any_name_gives_one_that_can_be_written_and_read(tmp_path: Path, name: bytes) -> None:
    file = tmp_path / os.fsdecode(name + b".yaml")
    file.write_bytes(bundled("quickstart").read_bytes())
    experiment = load_config(file)
    assert parse_config(dump(experiment), "again.yaml").name == experiment.name
    assert experiment.name.isprintable()
    experiment.name.encode("utf-8")
    again = parse_config("model: {layers: [affine: 10]}", "text", name=os.fsdecode(name))
    assert again.name == experiment.name


def test_a_name_that_is_none_is_answered_with_the_nearest() -> None:
    assert refusal("bn_cn") == "there is no file bn_cn, and no bundled config of that name; did you mean 'bn_cnn'?"
    assert "did you mean 'quickstart'?" in refusal("configs/quickstrat.yaml")
    assert "there are" in refusal("zzz")


def test_a_path_that_is_none_is_answered_with_itself(tmp_path: Path) -> None:
    assert refusal(tmp_path / "none.yaml") == f"there is no file {tmp_path / 'none.yaml'}"


def test_a_sweep_s_file_is_called_what_it_is(tmp_path: Path) -> None:
    path = tmp_path / "sweep.yaml"
    path.write_text("base: bn_cnn\nspace:\n  train.l2: {log: [1.0e-5, 1.0e-3]}\n", encoding="utf-8")
    assert refusal(path).startswith(f"{path}:2:1: this is a sweep's file, not a config: nndl sweep FILE trains it")


def test_a_folder_is_answered_with_a_file_in_it(tmp_path: Path) -> None:
    assert refusal(tmp_path) == f"{tmp_path} is a folder; name a file in it"
    (tmp_path / "b.yaml").touch()
    assert refusal(tmp_path).endswith(", such as b.yaml")


@pytest.mark.parametrize("name", ["x" * 5000, "a\0b", ""])
def test_odd_names_are_answered_too(name: str) -> None:
    assert len(refusal(name)) < 6000


@pytest.mark.parametrize("content", [b"name: caf\xe9\n", "name: café\n".encode("utf-16")])
def test_text_in_another_encoding_is_refused_with_the_cure(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "odd.yaml").write_bytes(content)
    assert "odd.yaml is not UTF-8 text" in refusal(tmp_path / "odd.yaml")
    assert "save it as UTF-8" in refusal(tmp_path / "odd.yaml")


def test_an_archive_by_mistake_is_not_read_into_memory(tmp_path: Path) -> None:
    with (tmp_path / "big.tar.gz").open("wb") as file:
        file.truncate(1 << 40 if os.name == "posix" else 1 << 24)
    assert refusal(tmp_path / "big.tar.gz").endswith("is too large for a config")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "this config is empty"),
        ("# nothing\n", "this config is empty"),
        ("- affine: 10\n", "this config is not a mapping"),
        ("affine\n", "this config is not a mapping"),
    ],
)
def test_what_is_no_mapping_is_told_how_to_begin(text: str, words: str) -> None:
    with pytest.raises(ConfigError, match=rf"f.yaml:1:1: {words}.*; begin with model: and layers:"):
        parse_config(text, "f.yaml")


def test_every_problem_is_told_at_once_in_the_order_of_the_file() -> None:
    text = "seed: -1\nmodel:\n  layers: [rellu, {conv: {}}]\ntrain: {epochs: 0, l2: -1}\nunknown: 1\n"
    with pytest.raises(ConfigError) as caught:
        parse_config(text, "f.yaml")
    heads = [line for line in str(caught.value).splitlines() if line.startswith("f.yaml:")]
    assert [head.split(" ")[0] for head in heads] == [
        "f.yaml:1:7:",
        "f.yaml:3:12:",
        "f.yaml:3:26:",
        "f.yaml:4:17:",
        "f.yaml:4:24:",
        "f.yaml:5:1:",
    ]
