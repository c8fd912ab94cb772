"""Names that only the owner of the key can connect with people."""

import stat
from concurrent.futures import ThreadPoolExecutor

import pytest

from trainables.errors import UserError
from trainables.pseudonyms import key_path, own_key, pseudonym, pseudonyms, reveal


@pytest.fixture(autouse=True)
def path(tmp_path, monkeypatch):
    chosen = tmp_path / "settings" / "pseudonym.key"
    monkeypatch.setenv("UNREMEMBER_PSEUDONYM_KEY", str(chosen))
    return chosen


def test_a_pseudonym_stays_and_needs_the_key(path):
    key = own_key()
    assert own_key() == key == path.read_bytes()
    assert pseudonym("Ada Byron", key) == pseudonyms(key)("Ada Byron")
    assert pseudonym("Ada Byron", key) != pseudonym("Ada Lovelace", key)
    assert pseudonym("Ada Byron", key) != pseudonym("Ada Byron", bytes(32))
    assert "Ada" not in pseudonym("Ada Byron", key)
    assert reveal(["Ada Byron"], key) == {pseudonym("Ada Byron", key): "Ada Byron"}


def test_the_key_is_for_its_owner_alone(path):
    own_key()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [file.name for file in path.parent.iterdir()] == ["pseudonym.key"]
    path.chmod(0o640)
    with pytest.raises(UserError, match=r"may be read by others \(mode 640\): `chmod 600` it"):
        own_key()


def test_what_is_no_key_is_refused(path):
    path.parent.mkdir()
    path.write_bytes(b"short")
    path.chmod(0o600)
    with pytest.raises(UserError, match="has 5 bytes, not 32"):
        own_key()


def test_a_key_that_cannot_be_kept_is_said(path):
    path.parent.write_text("a file, not a folder")
    with pytest.raises(UserError, match=r"the pseudonyms' key .* cannot be used"):
        own_key()


def test_all_who_start_at_once_take_one_key():
    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(lambda _: own_key(), range(16)))) == 1


def test_it_lies_among_the_settings_unless_said_otherwise(monkeypatch):
    monkeypatch.delenv("UNREMEMBER_PSEUDONYM_KEY")
    assert key_path().name == "pseudonym.key"
    assert key_path().parent.name == "unremember"
