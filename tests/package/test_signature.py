from __future__ import annotations

from pathlib import Path

import bagit
import minisign
import pytest

from casepack.errors import KeyFileError, UsageError
from casepack.package.signature import SIGNATURE, is_encrypted, sign_package, verify_signature
from casepack.verify.packaged.bag import check_bag


@pytest.fixture
def keys(tmp_path: Path) -> tuple[Path, Path]:
    pair = minisign.KeyPair.generate()
    secret, public = tmp_path / "minisign.key", tmp_path / "minisign.pub"
    secret.write_bytes(bytes(pair.secret_key))
    public.write_bytes(bytes(pair.public_key))
    return secret, public


def test_a_signed_package_is_still_a_bag_and_the_signature_holds(
    package: Path, keys: tuple[Path, Path]
) -> None:
    secret, public = keys
    assert not verify_signature(package, public), "there is none yet"
    sign_package(package, secret)
    assert verify_signature(package, public)
    assert bagit.Bag(str(package)).validate()
    assert list(check_bag(package)) == []


def test_signing_twice_gives_the_same_bytes(package: Path, keys: tuple[Path, Path]) -> None:
    first = sign_package(package, keys[0]).read_bytes()
    assert sign_package(package, keys[0]).read_bytes() == first
    assert b"timestamp" not in first


def test_a_changed_manifest_or_another_key_breaks_the_signature(
    package: Path, keys: tuple[Path, Path], tmp_path: Path
) -> None:
    secret, public = keys
    sign_package(package, secret)
    other = tmp_path / "other.pub"
    other.write_bytes(bytes(minisign.KeyPair.generate().public_key))
    assert not verify_signature(package, other)
    manifest = package / "manifest-sha512.txt"
    manifest.write_text(manifest.read_text().replace("0", "1", 1))
    assert not verify_signature(package, public)
    (package / SIGNATURE).write_text("nonsense")
    assert not verify_signature(package, public)


def test_a_key_with_a_password_wants_it(package: Path, tmp_path: Path) -> None:
    pair = minisign.KeyPair.generate()
    public = tmp_path / "minisign.pub"
    public.write_bytes(bytes(pair.public_key))
    pair.secret_key.encrypt("open sesame")
    secret = tmp_path / "minisign.key"
    secret.write_bytes(bytes(pair.secret_key))
    assert is_encrypted(secret)
    with pytest.raises(KeyFileError, match="password"):
        sign_package(package, secret, "wrong")
    sign_package(package, secret, "open sesame")
    assert verify_signature(package, public)


def test_what_is_no_key_or_no_package_is_refused(
    package: Path, keys: tuple[Path, Path], tmp_path: Path
) -> None:
    (tmp_path / "no.key").write_text("Quillfeather")
    with pytest.raises(KeyFileError) as caught:
        sign_package(package, tmp_path / "no.key")
    assert "Quillfeather" not in caught.value.message
    with pytest.raises(KeyFileError):
        verify_signature(package, tmp_path / "no.key")
    with pytest.raises(UsageError):
        sign_package(tmp_path, keys[0])
