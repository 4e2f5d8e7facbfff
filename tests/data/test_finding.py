"""An archive is unpacked by one process at a time; the next finds what it made."""

import threading
import time
from pathlib import Path

import pytest

from nndl.data import cifar, finding
from nndl.data.cifar import load_cifar
from nndl.data.lock import alone, lock_of
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
