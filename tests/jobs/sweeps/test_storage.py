"""A storage's password is never shown, and what is no storage is refused."""

from pathlib import Path

import pytest

from nndl.errors import UsageError
from nndl.jobs.sweeps.address import shown, without_password
from nndl.jobs.sweeps.storage import open_storage

pytest.importorskip("optuna")


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("postgresql://me:s3cret@host:5432/db", "postgresql://me:***@host:5432/db"),
        ("postgresql://me:s3/cr?e#t@host/db", "postgresql://me:***@host/db"),
        ("postgresql://me:s3@cret@host/db", "postgresql://me:***@host/db"),
        ("postgresql://me:s3:cret@host/db", "postgresql://me:***@host/db"),
        ("postgresql://:s3cret@host/db", "postgresql://:***@host/db"),
        ("postgresql://host:1/db?user=me&password=s3cret&a=b", "postgresql://host:1/db?user=me&password=***&a=b"),
        ("postgresql://host/db?sslPassword=s3cret", "postgresql://host/db?sslPassword=***"),
        ("postgresql://me:s3cret", "postgresql://me:***"),
        ("me:s3cret@host/db", "me:***@host/db"),
        ("grpc://me:s3cret@host:13000", "grpc://me:***@host:13000"),
        ("postgresql://host:5432/db", "postgresql://host:5432/db"),
        ("postgresql://me@host:5432/db", "postgresql://me@host:5432/db"),
        ("sqlite:////a:b/c@d.db", "sqlite:////a:b/c@d.db"),
        ("grpc://host:port", "grpc://host:port"),
    ],
)
def test_an_address_is_shown_without_its_password_wherever_that_stands(url: str, said: str) -> None:
    assert shown(url) == said


def test_what_drivers_say_is_shown_without_the_password() -> None:
    url = "postgresql://me:s3%40cret@host/db"
    assert without_password(f"no s3@cret at {url}; s3%40cret", url) == "no *** at postgresql://me:***@host/db; ***"
    assert without_password("no b at host", "postgresql://me:b@host/db") == "no b at host"


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("nosuch://me:s3cret@host/db", "the storage nosuch://me:***@host/db cannot be used"),
        ("postgresql://me:s3cret", "the storage postgresql://me:*** cannot be used"),
        ("postgresql://me:s3@s3cret@host/db", "an @ in a password is written %40"),
        ("me:s3cret@host", "me:***@host is no storage: take sqlite:///FILE"),
        ("journal.log", "journal.log is no storage: take sqlite:///FILE"),
        ("sqlite://", "ends with its process; name a file"),
        ("sqlite:///:memory:", "ends with its process; name a file"),
        ("mysql://me:s3cret@host/db", "the storage mysql://me:***@host/db cannot be used: No module named"),
    ],
)
def test_what_is_no_storage_is_refused_without_its_password(tmp_path: Path, url: str, words: str) -> None:
    pytest.importorskip("sqlalchemy")
    with pytest.raises(UsageError) as caught:
        open_storage(tmp_path, url)
    assert words in str(caught.value)
    assert "s3cret" not in str(caught.value)
