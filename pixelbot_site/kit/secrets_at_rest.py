"""Encryption of stored secrets with a key derived from SECRET_KEY: a copy of the database alone reveals none."""

from __future__ import annotations

from base64 import urlsafe_b64encode

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

from pixelbot_site.kit.errors import Failed


def seal(secret: str) -> str:
    """Return `secret` encrypted and signed; "" stays ""."""
    return _cipher().encrypt(secret.encode()).decode() if secret else ""


def unseal(sealed: str) -> str:
    """Return the secret that `seal` encrypted. Raise Failed where SECRET_KEY or the text was changed."""
    if not sealed:
        return ""
    try:
        return _cipher().decrypt(sealed.encode()).decode()
    except InvalidToken as error:
        raise Failed(
            "a stored secret can't be read, because SECRET_KEY has changed: enter it or connect again"
        ) from error


def _cipher() -> Fernet:
    # Not SECRET_KEY itself, which Django also signs cookies with.
    key = HKDF(SHA256(), 32, salt=None, info=b"pixelbot: tokens at rest").derive(settings.SECRET_KEY.encode())
    return Fernet(urlsafe_b64encode(key))
