"""Who signed a package is checked with the public key; a signature of another kind is named."""

from __future__ import annotations

from pathlib import Path

import minisign
import pytest

from casepack.errors import KeyFileError
from casepack.package.signature import SIGNATURE, sign_package
from casepack.verify import verify_folder
from casepack.verify.packaged import signature


@pytest.fixture(autouse=True)
def _no_tools(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("casepack.verify.verification.available_tools", dict)


def make_keys(folder: Path, name: str = "one") -> tuple[Path, Path]:
    pair = minisign.KeyPair.generate()
    secret, public = folder / f"{name}.key", folder / f"{name}.pub"
    secret.write_bytes(bytes(pair.secret_key))
    public.write_bytes(bytes(pair.public_key))
    return secret, public


def found(package: Path, public: Path | None) -> list[tuple[str, str]]:
    return [(one.code, one.place) for one in verify_folder(package, public_key=public).findings]


def test_the_signature_of_the_holder_of_the_key_holds(package: Path, tmp_path: Path) -> None:
    secret, public = make_keys(tmp_path)
    assert found(package, public) == [("signature-missing", "")]
    sign_package(package, secret)
    report = verify_folder(package, public_key=public)
    assert report.findings == ()
    check = next(one for one in report.checks if one.name == "signature")
    assert (check.examined, check.skipped) == (1, "")


def test_another_key_and_a_changed_manifest_are_named(package: Path, tmp_path: Path) -> None:
    secret, public = make_keys(tmp_path)
    _, other = make_keys(tmp_path, "two")
    sign_package(package, secret)
    assert found(package, other) == [("signature-invalid", "")]
    manifest = package / "manifest-sha512.txt"
    manifest.write_bytes(manifest.read_bytes() + b"\n")
    assert ("signature-invalid", "") in found(package, public)


@pytest.mark.parametrize(
    "text", ["", "nothing", "untrusted comment: a\n!\ntrusted comment: b\n!\n"]
)
def test_what_is_no_signature_is_named_without_a_key(
    package: Path, tmp_path: Path, text: str
) -> None:
    sign_package(package, make_keys(tmp_path)[0])
    (package / SIGNATURE).write_text(text)
    assert ("signature-invalid", "its form") in found(package, None)


def test_without_a_key_or_the_extra_the_signature_is_not_vouched_for(
    package: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret, public = make_keys(tmp_path)
    sign_package(package, secret)

    def skipped(key: Path | None) -> list[str]:
        checks = verify_folder(package, public_key=key).checks
        return [one.skipped for one in checks if one.name == "signature"]

    assert skipped(None) == ["no public key given"]
    monkeypatch.setattr("casepack.verify.checks.can_verify", lambda: False)
    monkeypatch.setattr(signature, "can_verify", lambda: False)
    assert skipped(public) == ["py-minisign is not installed"]


def test_a_public_key_that_is_none_is_bad_usage(package: Path, tmp_path: Path) -> None:
    sign_package(package, make_keys(tmp_path)[0])
    (tmp_path / "text").write_text("no key")
    with pytest.raises(KeyFileError):
        verify_folder(package, public_key=tmp_path / "text")
