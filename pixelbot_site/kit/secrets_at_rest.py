"""Secrets at rest: sealed with a key derived from SECRET_KEY, so that a copied database alone opens nothing."""

from __future__ import annotations

from base64 import urlsafe_b64encode

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

from pixelbot_site.kit.errors import Failed


def seal(secret: str) -> str:
    """`secret`, encrypted and signed; "" stays ""."""
    return _box().encrypt(secret.encode()).decode() if secret else ""


def unseal(sealed: str) -> str:
    """What was sealed. Raises Failed when SECRET_KEY is not the one it was sealed with."""
    if not sealed:
        return ""
    try:
        return _box().decrypt(sealed.encode()).decode()
    except InvalidToken as error:
        raise Failed("A stored secret can't be read: SECRET_KEY has changed. Connect the channel again.") from error


def _box() -> Fernet:
    key = HKDF(SHA256(), 32, salt=None, info=b"pixelbot: tokens at rest").derive(settings.SECRET_KEY.encode())
    return Fernet(urlsafe_b64encode(key))
