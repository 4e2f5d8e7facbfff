"""Code that a config uses is found, and read without being run; what is none is told at its place in the config."""

import os
import sys
from pathlib import Path

import pytest

from nndl.config import load_config
from nndl.errors import ConfigError
from nndl.own.source import MOST_BYTES, copy_names, find_source
from tests.own.written import CONFIG, SWISH, write


def fault(config: Path) -> str:
    with pytest.raises(ConfigError) as caught:
        load_config(config)
    return str(caught.value)


@pytest.mark.parametrize(
    ("use", "words"),
    [
        ("[my_layer.py]", "there is no file my_layer.py; did you mean 'my_layers.py'?"),
        ("[my_layers]", "there is no module my_layers; for the file beside the config write my_layers.py"),
        ("[sys]", "sys is a module without a file of Python"),
        ("[json.nothing]", "there is no module json.nothing"),
        ("[json.decoder.x]", "json.decoder is no package"),
        ("['a b']", "'a b' is neither a file (my_layers.py) nor a module"),
        ("[./]", "./ is a folder, not a file of Python"),
        ("[nowhere/x.py]", "there is no file nowhere/x.py"),
        ("[my_layers.py, my_layers.py]", "my_layers.py is named twice"),
        ("my_layers.py", "use should be a list of files and modules: [my_layers.py, package.module]"),
        ("[3]", "use should be a list of files"),
        ("{a: b}", "use should be a list of files"),
    ],
)
def test_what_cannot_be_found_is_told_at_its_place(tmp_path: Path, use: str, words: str) -> None:
    told = fault(write(tmp_path, CONFIG.replace("[my_layers.py]", use, 1)))
    assert words in told
    assert "mine.yaml:1:" in told
    assert "swish" not in told  # what follows from it is not told besides


def test_a_file_that_is_too_large_or_no_text_is_refused(tmp_path: Path) -> None:
    config = write(tmp_path)
    (tmp_path / "my_layers.py").write_bytes(b"#" * (MOST_BYTES + 1))
    assert "more than 1,048,576 bytes" in fault(config)
    (tmp_path / "my_layers.py").write_bytes(b"x = '\xff'\n")
    assert "is not UTF-8 text (see byte 5)" in fault(config)


@pytest.mark.skipif(sys.platform == "win32", reason="no named pipes")
def test_a_pipe_or_a_device_is_refused_at_once(tmp_path: Path) -> None:
    config = write(tmp_path)
    (tmp_path / "my_layers.py").unlink()
    os.mkfifo(tmp_path / "my_layers.py")
    assert "my_layers.py is a named pipe, not a file of Python" in fault(config)
    assert "is a device" in fault(write(tmp_path / "other", CONFIG.replace("my_layers.py", "/dev/zero")))


def test_a_module_of_a_package_is_found_without_running_the_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "somebody_s_package"
    package.mkdir()
    (package / "__init__.py").write_text("raise AssertionError('it was run')", encoding="utf-8")
    (package / "parts.py").write_text(SWISH, encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    source = find_source("somebody_s_package.parts", tmp_path)
    assert (source.path, source.package) == (str(package / "parts.py"), "somebody_s_package")
    config = write(tmp_path, CONFIG.replace("my_layers.py", "somebody_s_package.parts", 1))
    assert load_config(config).model.layers[2].kind == "swish"


def test_a_file_in_another_folder_is_found_from_the_config_s(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = write(tmp_path / "configs", CONFIG.replace("my_layers.py", "../mine/parts.py", 1))
    write(tmp_path / "mine", name="parts.py")
    monkeypatch.chdir("/")
    assert load_config(config).sources[0].path == str(tmp_path / "configs" / "../mine/parts.py")


def test_copies_have_plain_names_and_no_two_the_same() -> None:
    names = ["../../etc/my layers.py", "a/CON.py", "b/con.py", "package.module", "-.py", "ü.py"]
    copies = copy_names(names)
    assert copies == ["1-my_layers.py", "2-CON.py", "3-con.py", "4-package.module.py", "5--.py", "6-_.py"]
