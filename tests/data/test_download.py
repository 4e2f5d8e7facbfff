import dataclasses
import hashlib
import json
import re
from pathlib import Path
from typing import Any

import pytest

from nndl.data import cifar, download
from nndl.data.answer import Patience
from nndl.data.download import Outcome, fetch_cifar
from nndl.data.installed import MANIFEST
from nndl.data.lock import alone, lock_of
from nndl.data.official import RELEASES, Release
from nndl.errors import DataError, DownloadError, UsageError
from tests.data import fake, server

KINDS = [(release.dataset, release.format) for release in RELEASES]
every_kind = pytest.mark.parametrize("published", KINDS, indirect=True, ids="-".join)


@pytest.fixture
def published(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> tuple[Release, bytes]:
    """A small release, which stands as the only one published."""
    release, packed = fake.small_release(*getattr(request, "param", ("cifar10", "binary")))
    monkeypatch.setattr(download, "RELEASES", (release,))
    monkeypatch.setattr(cifar, "RELEASES", (release,))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    return release, packed


def fetch(release: Release, root: Path, *hosts: server.Host, **options: Any) -> Outcome:
    haste = Patience(connect=2, read=0.3, attempts=2, pause=0.01)
    urls = [host.url for host in hosts] or ["http://127.0.0.1:1/nobody"]
    return fetch_cifar(release.dataset, release.format, root, urls=urls, patience=haste, **options)


def spoil(path: Path) -> None:
    """Change one byte in the middle."""
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


@every_kind
def test_downloads_then_verifies_without_network(published: tuple[Release, bytes], tmp_path: Path) -> None:
    release, packed = published
    with server.serving(packed, server.well) as host:
        outcome = fetch(release, tmp_path, host)
        assert (outcome.action, outcome.official, outcome.folder) == ("downloaded", True, tmp_path / release.folder)
        assert outcome.transfer == download.Transfer(host.url, len(packed), 0)
        again = fetch(release, tmp_path, host)
        assert (again.action, again.official, again.transfer) == ("verified", True, None)
        assert len(host.asked) == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([release.archive, release.folder])
    assert len(cifar.load_cifar(tmp_path, release.dataset).test) == 20


@every_kind
@pytest.mark.parametrize("archive_kept", [True, False])
def test_verify_mends_what_is_damaged(published: tuple[Release, bytes], tmp_path: Path, archive_kept: bool) -> None:
    release, packed = published
    with server.serving(packed, server.well) as host:
        fetch(release, tmp_path, host)
        spoil(tmp_path / release.folder / release.train[0])
        (tmp_path / release.folder / release.test).unlink()
        if not archive_kept:
            (tmp_path / release.archive).unlink()
        with pytest.raises(
            DataError, match=rf"{release.train[0]} has changed.*\n.*{release.test} is missing\n.*--verify"
        ):
            fetch(release, tmp_path, host)
        outcome = fetch(release, tmp_path, host, verify=True)
        assert outcome.action == ("unpacked" if archive_kept else "downloaded")
        assert len(outcome.mended) == 2
        assert len(host.asked) == (1 if archive_kept else 2)
    assert fetch(release, tmp_path, verify=True).action == "verified"


@every_kind
def test_an_archive_that_is_there_is_used(published: tuple[Release, bytes], tmp_path: Path) -> None:
    release, packed = published
    (tmp_path / release.archive).write_bytes(packed)
    outcome = fetch(release, tmp_path)
    assert (outcome.action, outcome.official) == ("unpacked", True)


@every_kind
def test_a_folder_that_is_there_is_accepted(published: tuple[Release, bytes], tmp_path: Path) -> None:
    release, _ = published
    fake.write_files(release, tmp_path / release.folder)
    outcome = fetch(release, tmp_path)
    assert outcome.action == "verified"
    assert outcome.official is (True if release.sha256 else None)


def softer(release: Release) -> tuple[dict[str, bytes], bytes]:
    """Other images of the same shape, as a course may hand out, and their archive."""
    content = fake.files(release)
    content[release.test] = fake.binary_batch(*fake.images(20, seed=99))
    return content, fake.archive(content, release.folder)


def test_ones_own_images_are_accepted_and_said_to_be_other(published: tuple[Release, bytes], tmp_path: Path) -> None:
    release, _ = published
    content, packed = softer(release)
    (tmp_path / "archive").mkdir()
    (tmp_path / "archive" / release.archive).write_bytes(packed)
    assert fetch(release, tmp_path / "archive").official is False
    (tmp_path / "folder" / release.folder).mkdir(parents=True)
    for name, raw in content.items():
        (tmp_path / "folder" / release.folder / name).write_bytes(raw)
    for root in ("archive", "folder"):
        outcome = fetch(release, tmp_path / root, verify=True)
        assert (outcome.action, outcome.official) == ("verified", False)


def test_an_own_url_needs_its_own_sum_which_is_remembered(published: tuple[Release, bytes], tmp_path: Path) -> None:
    release, _ = published
    _, packed = softer(release)
    own = hashlib.sha256(packed).hexdigest()
    with server.serving(packed, server.well) as host:
        with pytest.raises(
            DownloadError, match=rf"{host.url}: (its file has|its bytes have SHA-256 {own}, but {release.digest})"
        ):
            fetch(release, tmp_path, host)
        assert fetch(release, tmp_path, host, sha256=own.upper()).official is False
        assert fetch(release, tmp_path, sha256=own).action == "verified"
        with pytest.raises(DataError, match=rf"unpacked from an archive with SHA-256 {own},\nnot {release.digest}"):
            fetch(release, tmp_path, sha256=release.digest)
        (tmp_path / release.archive).unlink()
        spoil(tmp_path / release.folder / release.test)
        remembered = fetch_cifar(release.dataset, release.format, tmp_path, verify=True)
        assert remembered.transfer is not None
        assert remembered.transfer.url == host.url
    assert fetch(release, tmp_path).action == "verified"


def test_a_stated_sum_holds_for_an_archive_that_is_there(published: tuple[Release, bytes], tmp_path: Path) -> None:
    release, packed = published
    (tmp_path / release.archive).write_bytes(softer(release)[1])
    with pytest.raises(DataError, match=rf"has SHA-256 [0-9a-f]+, but {release.digest} is asked for\n--verify fetches"):
        fetch(release, tmp_path, sha256=release.digest)
    with server.serving(packed, server.well) as host:
        assert fetch(release, tmp_path, host, sha256=release.digest, verify=True).official is True


def test_a_damaged_archive_is_fetched_again_only_when_told(published: tuple[Release, bytes], tmp_path: Path) -> None:
    release, packed = published
    (tmp_path / release.archive).write_bytes(packed[:-100])
    with server.serving(packed, server.well) as host:
        with pytest.raises(DataError, match=r"not a whole .tar.gz archive.*\n--verify fetches"):
            fetch(release, tmp_path, host)
        assert host.asked == []
        assert fetch(release, tmp_path, host, verify=True).action == "downloaded"


def test_an_archive_of_files_too_short_is_refused(published: tuple[Release, bytes], tmp_path: Path) -> None:
    release, _ = published
    content = fake.files(release)
    content["data_batch_4.bin"] = content["data_batch_4.bin"][:-1]
    (tmp_path / release.archive).write_bytes(fake.archive(content))
    with pytest.raises(DataError, match=r"not whole:\n.*data_batch_4.bin: 61,459 bytes, but 61,460 expected"):
        fetch(release, tmp_path)
    assert not (tmp_path / release.folder).exists()


def test_a_second_download_into_one_folder_is_told_and_changes_nothing(
    published: tuple[Release, bytes], tmp_path: Path
) -> None:
    release, packed = published
    with server.serving(packed, server.well) as host:
        with (
            alone(lock_of(tmp_path / release.folder)),
            pytest.raises(
                DataError, match=r"another process is fetching or unpacking CIFAR-10 into .* the same command"
            ),
        ):
            fetch(release, tmp_path, host)
        assert host.asked == []
        assert list(tmp_path.iterdir()) == []
        assert fetch(release, tmp_path, host).action == "downloaded"
    assert fetch(release, tmp_path).action == "verified"


def test_the_manifest_knows_the_host_and_not_the_password(published: tuple[Release, bytes], tmp_path: Path) -> None:
    release, packed = published
    with server.serving(packed, server.for_user("me", "s3cret")) as host:
        url = host.url.replace("//", "//me:s3cret@")
        outcome = fetch_cifar(release.dataset, release.format, tmp_path, urls=[url], sha256=release.digest)
        assert outcome.transfer == download.Transfer(host.url, len(packed), 0)
    written = (tmp_path / release.folder / MANIFEST).read_text(encoding="utf-8")
    assert host.url in written
    assert "s3cret" not in written


def test_an_endless_archive_is_not_awaited_where_only_its_sum_is_known(
    published: tuple[Release, bytes], tmp_path: Path
) -> None:
    release, _ = published
    most = 2 * sum(release.limits().values()) + (16 << 20)
    with (
        server.serving(bytes(1 << 20), server.endless) as host,
        pytest.raises(DownloadError, match=f"it sent more than the {most:,} bytes expected"),
    ):
        fetch(release, tmp_path, host, sha256="0" * 64)
    assert list(tmp_path.iterdir()) == []


SPOILT = [
    "",
    "[]",
    '{"files": {"a": [1]}}',
    '{"files": {}, "archive": {}, "source": null}',
    '{"files": {}, "archive": {"algorithm": "none", "digest": ""}, "source": null}',
    '{"files": {}, "archive": {"algorithm": "md5", "digest": ""}, "source": 3}',
    '{"files": {"a": [1e999, ""]}}',
    "[" * 100_000,
]


@pytest.mark.parametrize("content", SPOILT)
def test_a_spoilt_manifest_is_as_none(published: tuple[Release, bytes], tmp_path: Path, content: str) -> None:
    release, packed = published
    (tmp_path / release.archive).write_bytes(packed)
    fetch(release, tmp_path)
    manifest = tmp_path / release.folder / MANIFEST
    assert json.loads(manifest.read_text(encoding="utf-8"))["archive"]["digest"] == release.digest
    manifest.write_text(content, encoding="utf-8")
    assert fetch(release, tmp_path).official is True


def test_the_format_that_is_there_is_taken(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    small = [fake.small_release("cifar10", kind)[0] for kind in ("binary", "python")]
    monkeypatch.setattr(download, "RELEASES", tuple(small))
    assert download.choose_release("cifar10", None, tmp_path).format == "binary"
    (tmp_path / small[1].archive).write_bytes(b"")
    assert download.choose_release("cifar10", None, tmp_path).format == "python"
    (tmp_path / small[0].folder).mkdir()
    assert download.choose_release("cifar10", None, tmp_path).format == "binary"
    assert download.choose_release("cifar10", "python", tmp_path).format == "python"


@pytest.mark.parametrize(
    ("words", "named"), [(("cifar", None), "--dataset cifar "), (("cifar10", "png"), "--format png")]
)
def test_words_that_name_nothing(tmp_path: Path, words: Any, named: str) -> None:
    with pytest.raises(UsageError, match=f"{named} ?is not known"):
        fetch_cifar(*words, tmp_path)


def test_the_official_host_comes_first() -> None:
    for release in RELEASES:
        assert release.urls[0] == f"https://www.cs.toronto.edu/~kriz/{release.archive}"
        assert len(release.urls) >= 2
        assert len(release.digest) == {"sha256": 64, "md5": 32}[release.algorithm]
        assert dataclasses.replace(release, mirrors=()).urls == release.urls[:1]


def test_a_root_that_is_no_folder_is_told_as_what_it_is(tmp_path: Path) -> None:
    (tmp_path / "photos.zip").touch()
    archive = tmp_path / RELEASES[0].archive
    archive.touch()
    (tmp_path / "gone").symlink_to(tmp_path / "nowhere")
    roots = {
        tmp_path / "photos.zip": "photos.zip is a file; --root takes the folder",
        tmp_path / "photos.zip" / "in" / "it": "photos.zip is a file; --root takes the folder",
        archive: f"is the archive itself; --root takes the folder that it lies in: {re.escape(str(tmp_path))}",
        tmp_path / "gone": "gone leads nowhere; --root takes the folder",
    }
    for root, words in roots.items():
        with pytest.raises(UsageError, match=words):
            fetch_cifar(root=root, urls=["http://127.0.0.1:1/nobody"])
