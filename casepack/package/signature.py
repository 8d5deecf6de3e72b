"""A minisign signature over the payload manifest of a package.

https://jedisct1.github.io/minisign/. The manifest has the SHA-512 of every payload file, so the
signature vouches for all of them; a bag alone does not, as whoever changes a file can write its
manifest anew. Ed25519 signatures are repeatable; the trusted comment holds no time.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from casepack.errors import KeyFileError, TargetError, ToolMissingError
from casepack.package.archive import refuse_other_folders
from casepack.package.bag import ALGORITHM, write_tag_manifest

if TYPE_CHECKING:
    from minisign import SecretKey

MANIFEST: Final = f"manifest-{ALGORITHM}.txt"
SIGNATURE: Final = f"{MANIFEST}.minisig"
_COMMENT: Final = f"file:{MANIFEST}"


def sign_package(package: Path, key_file: Path, password: str = "") -> Path:
    """Sign the payload manifest; write the signature beside it and into the tag manifest.

    Parameters
    ----------
    key_file
        Secret key as minisign writes it.
    password
        That of the key, when it has one.

    Raises
    ------
    KeyFileError
        The key cannot be read, or the password is not its.
    ToolMissingError
        py-minisign is not installed.
    """
    refuse_other_folders(package)
    key = _load_key(key_file)
    if key.is_encrypted():
        try:
            key.decrypt(password)
        except ValueError:
            raise KeyFileError("the password is not that of the key", advice="Try again.") from None
    content = (package / MANIFEST).read_bytes()
    signature = key.sign(content, trusted_comment=_COMMENT)
    try:
        (package / SIGNATURE).write_bytes(bytes(signature) + b"\n")
        write_tag_manifest(package)
    except OSError:
        raise TargetError(
            "the signature cannot be written", advice="Check the rights of the package folder."
        ) from None
    return package / SIGNATURE


def verify_signature(package: Path, public_key: Path) -> bool:
    """Return whether the signature is that of the manifest by the holder of the key.

    Raises
    ------
    KeyFileError
        The public key cannot be read.
    """
    _refuse_missing()
    from minisign import Error, PublicKey, Signature  # noqa: PLC0415  # an extra

    try:
        key = PublicKey.from_file(public_key)
    except (OSError, Error):
        raise KeyFileError(
            "the public key cannot be read", advice="Give a .pub file of minisign."
        ) from None
    try:
        key.verify(
            (package / MANIFEST).read_bytes(),
            Signature.from_bytes((package / SIGNATURE).read_bytes()),
        )
    except (OSError, Error):
        return False
    return True


def is_encrypted(key_file: Path) -> bool:
    """Return whether the secret key needs a password."""
    return bool(_load_key(key_file).is_encrypted())


def _refuse_missing() -> None:
    try:
        import minisign  # noqa: F401, PLC0415  # an extra
    except ImportError:
        raise ToolMissingError(
            "signatures need py-minisign", advice="Install it: pip install 'casepack[sign]'"
        ) from None


def _load_key(key_file: Path) -> SecretKey:
    _refuse_missing()
    from minisign import Error, SecretKey  # noqa: PLC0415  # an extra

    try:
        return SecretKey.from_file(key_file)
    except (OSError, Error):
        raise KeyFileError(
            "the secret key cannot be read",
            advice="Make a pair with: minisign -G -s minisign.key -p minisign.pub",
        ) from None
