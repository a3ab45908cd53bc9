"""The credentials of a session that can change hands, so that clients made before sign as somebody else from now on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import botocore.session
from botocore.credentials import CredentialProvider, CredentialResolver, Credentials, ReadOnlyCredentials

from ecrlab.emulator.authorizing import Keys

__all__ = ["Signature"]


class Signature(Credentials):
    """Credentials in front of other ones: the session's own, or the keys of somebody else while a lab acts as them.

    botocore's clients of one session share this object and ask it each time they sign.

    Args:
        own: The session's own; they may refresh themselves.
    """

    def __init__(self, own: Credentials) -> None:
        super().__init__("", "", method="ecrlab")
        self._own = own
        self.hand_to(None)

    def hand_to(self, keys: Keys | None) -> None:
        """Sign with these keys from now on; ``None``: with the session's own."""
        self._signing = self._own
        if keys is not None:
            self._signing = Credentials(keys.access_key_id, keys.secret_access_key, keys.session_token)
        frozen = self._signing.get_frozen_credentials()
        # For those who look at the credentials themselves
        self.access_key, self.secret_key, self.token = (
            frozen.access_key or "",
            frozen.secret_key or "",
            frozen.token or "",
        )

    @contextmanager
    def own(self) -> Iterator[None]:
        """Sign with the session's own within a block."""
        signing, self._signing = self._signing, self._own
        try:
            yield
        finally:
            self._signing = signing

    def get_frozen_credentials(self) -> ReadOnlyCredentials:
        """Return the keys that sign now."""
        return self._signing.get_frozen_credentials()

    def sign_for(self, core: botocore.session.Session) -> None:
        """Be the credentials of a session, whatever its environment and its files say."""
        core.register_component("credential_provider", CredentialResolver([_Given(self)]))


class _Given(CredentialProvider):
    METHOD = "ecrlab"

    def __init__(self, credentials: Credentials) -> None:
        super().__init__()
        self._credentials = credentials

    def load(self) -> Credentials:
        return self._credentials
