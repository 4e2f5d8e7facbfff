"""The finding of bundled configs: beside the package in a clone, inside it once installed."""

from pathlib import Path

import pytest

import nndl
from nndl.config import load_config
from nndl.config.bundled import bundled, folder, names, own_names
from nndl.errors import ConfigError
from tests.data.sources.drawn import fill

TEXT = "model: {layers: [affine: 10]}\n"


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package as a wheel lays it out, with one config at the top and one in a folder; returns its configs' folder."""
    configs = tmp_path / "site-packages" / "nndl" / "bundled_configs"
    for name in ("zebra", "ladder/90"):
        path = configs / f"{name}.yaml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(TEXT, encoding="utf-8")
    monkeypatch.setattr(nndl, "__file__", str(configs.parent / "__init__.py"))
    monkeypatch.chdir(tmp_path)
    return configs


def test_in_a_clone_they_stand_at_the_top() -> None:
    assert folder() == Path(nndl.__file__).parents[1] / "configs"
    assert {"quickstart", "three_layer", "bn_cnn", "resnet9"} <= set(names())


def test_installed_they_stand_in_the_package_those_at_the_top_first(installed: Path) -> None:
    assert folder() == installed
    assert names() == ["zebra", "ladder/90"]


@pytest.mark.parametrize("name", ["ladder/90", "ladder/90.yaml", "configs/ladder/90.yaml", "configs/ladder/90"])
def test_one_in_a_folder_is_found_by_its_name_and_by_its_path(installed: Path, name: str) -> None:
    assert bundled(name) == installed / "ladder" / "90.yaml"
    assert load_config(name).name == "ladder-90"


@pytest.mark.usefixtures("installed")
def test_a_path_elsewhere_is_never_a_bundled_one() -> None:
    for path in ("other/zebra.yaml", "/configs/zebra.yaml", "configs/../zebra.yaml", "./other/configs/zebra.yaml"):
        with pytest.raises(ConfigError, match="there is no file"):
            load_config(path)


@pytest.mark.usefixtures("installed")
def test_a_file_of_the_users_comes_before_a_bundled_one(tmp_path: Path) -> None:
    (tmp_path / "configs").mkdir()
    (tmp_path / "configs" / "zebra.yaml").write_text(TEXT + "seed: 5\n", encoding="utf-8")
    assert load_config("configs/zebra.yaml").seed == 5
    assert load_config("zebra").seed == 0


def test_no_name_leads_out_of_the_folder() -> None:
    for name in ("../pyproject", "../configs/bn_cnn", "", "."):
        with pytest.raises(ConfigError, match="no bundled config"):
            bundled(name)


@pytest.mark.parametrize("name", ["ladder", "ladder/", "configs/ladder"])
def test_a_folder_of_configs_names_all_of_them(installed: Path, name: str) -> None:
    (installed / "ladder" / "94.yaml").write_text(TEXT, encoding="utf-8")
    for call in (load_config, bundled):
        with pytest.raises(ConfigError, match=r"in ladder/ there are ladder/90, ladder/94$"):
            call(name)


@pytest.mark.usefixtures("installed")
def test_capitals_are_no_other_name() -> None:
    with pytest.raises(ConfigError, match=r"there is no file LADDER/90, .* did you mean 'ladder/90'\?"):
        load_config("LADDER/90")


@pytest.mark.usefixtures("installed")
def test_no_name_at_all_is_said_to_be_none() -> None:
    for name in ("", " "):
        with pytest.raises(ConfigError, match="no config is named; give a file, or the name of a bundled one"):
            load_config(name)


def test_a_users_file_comes_before_a_bundled_one_in_a_folder(installed: Path, tmp_path: Path) -> None:
    assert load_config("ladder/90.yaml") == load_config(installed / "ladder" / "90.yaml")
    (tmp_path / "ladder").mkdir()
    (tmp_path / "ladder" / "90.yaml").write_text(TEXT + "seed: 5\n", encoding="utf-8")
    assert load_config("ladder/90.yaml").seed == 5


def test_configs_for_images_of_ones_own_are_named_apart_and_load_with_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NNDL_CACHE", str(tmp_path / "caches"))
    assert own_names() == ["own/folder"]
    assert not set(own_names()) & set(names())
    with pytest.raises(ConfigError, match="there is no folder"):
        load_config("own/folder", [f"data.root='{tmp_path / 'nowhere'}'"])
    root = fill(tmp_path / "pets", {"cat": 30, "dog": 30})
    made = load_config("own/folder", [f"data.root='{root}'"])
    assert (made.data.input_shape, made.data.held_out, made.name) == ((3, 64, 64), 4, "own-folder")


def test_a_run_is_no_config_but_has_one() -> None:
    with pytest.raises(ConfigError, match=r"there is no file latest.*; the config of a run is RUN/config\.yaml"):
        load_config("latest")


@pytest.mark.parametrize("name", names())
def test_their_last_layer_follows_the_classes(name: str) -> None:
    two = load_config(name).data.class_names[:2]
    assert load_config(name, [f"data.classes=[{', '.join(two)}]"]).data.class_names == two
