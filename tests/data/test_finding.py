"""An archive is unpacked by one process at a time; the next finds what it made."""

import threading
import time
from pathlib import Path

import pytest

from nndl.data import cifar, finding
from nndl.data.cifar import load_cifar
from nndl.data.lock import alone, lock_of
from nndl.data.official import RELEASES
from nndl.errors import DataError
from tests.data import fake


def test_a_second_process_waits_for_what_the_first_unpacks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    release, _ = fake.small_release()
    monkeypatch.setattr(cifar, "RELEASES", (release,))
    (tmp_path / release.archive).write_bytes(b"no archive: whoever unpacks it fails")
    loaded = []
    second = threading.Thread(target=lambda: loaded.append(len(load_cifar(tmp_path).train)))
    with alone(lock_of(tmp_path / release.folder)):
        second.start()
        time.sleep(0.3)
        assert loaded == []
        fake.write_files(release, tmp_path / release.folder)
    second.join()
    assert loaded == [100]


def test_one_that_waits_in_vain_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    release, packed = fake.small_release()
    monkeypatch.setattr(cifar, "RELEASES", (release,))
    monkeypatch.setattr(finding, "_UNPACKING", 0.1)
    (tmp_path / release.archive).write_bytes(packed)
    with (
        alone(lock_of(tmp_path / release.folder)),
        pytest.raises(DataError, match="another process has been filling it"),
    ):
        load_cifar(tmp_path)
    assert len(load_cifar(tmp_path).train) == 100


def test_a_set_is_looked_for_without_unpacking_anything(tmp_path: Path) -> None:
    release = RELEASES[0]
    assert not finding.is_in(tmp_path, release.dataset)
    (tmp_path / release.folder).mkdir()
    assert not finding.is_in(tmp_path, release.dataset)
    for name in release.files:
        (tmp_path / release.folder / name).touch()
    assert finding.is_in(tmp_path, release.dataset)
    assert finding.is_in(tmp_path / release.folder, release.dataset)
    assert not finding.is_in(tmp_path, "cifar100" if release.dataset == "cifar10" else "cifar10")
    archive = tmp_path / "other" / release.archive
    archive.parent.mkdir()
    archive.touch()
    assert finding.is_in(archive, release.dataset)
    assert finding.is_in(archive.parent, release.dataset)
    assert list(archive.parent.iterdir()) == [archive]
