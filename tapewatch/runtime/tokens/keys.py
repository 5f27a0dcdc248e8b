"""The public keys of an issuer: from a JWKS file, or from an OIDC issuer's address, kept and rotated."""

import asyncio
import json
import ssl
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from http.client import HTTPException, HTTPMessage
from pathlib import Path
from typing import IO, Any, Protocol
from urllib.parse import urlsplit

import jwt
import structlog

from tapewatch.runtime.errors import Unavailable
from tapewatch.runtime.settings import SettingsError, TokenSettings

ALGORITHMS = ("RS256", "ES256", "EdDSA")
"""Public-key signatures only: no shared secret can be confused with a key that everyone may read."""
RSA_BITS_MIN = 2_048
KEYS_MAX = 100
DOCUMENT_BYTES_MAX = 1024 * 1024
FETCH_TIMEOUT_S = 5.0
REFRESH_PAUSE_S = 10.0
"""An unknown key id makes us ask the issuer again, but no more often than this: anyone can invent key ids."""
STALE_MAX_S = 24 * 3_600.0
"""How long known keys serve while the issuer cannot be reached."""
DISCOVERY_PATH = "/.well-known/openid-configuration"
Keys = Mapping[str, jwt.PyJWK]

_log = structlog.get_logger(__name__)


class KeySource(Protocol):
    """Where the keys come from."""

    async def find(self, key_id: str) -> jwt.PyJWK | None:
        """The key of an id; None if the issuer has none. Unavailable while its keys cannot be had."""


class KeysError(ValueError):
    """A document that is no set of keys; says what was expected and found."""


def parse_keys(text: bytes) -> dict[str, jwt.PyJWK]:
    """The usable signing keys of a JWKS document by their ids: RSA from 2048 bits, EC P-256, Ed25519.

    Keys for other uses and of other kinds are left out. KeysError for no JWKS, more than KEYS_MAX keys, or two keys of
    one id.
    """
    try:
        listed = json.loads(text)["keys"]
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise KeysError("expected a JSON object with `keys`, a JWKS, found something else") from error
    if not isinstance(listed, list) or len(listed) > KEYS_MAX:
        raise KeysError(f"expected a list of at most {KEYS_MAX} keys, found another")
    found: dict[str, jwt.PyJWK] = {}
    for each in listed:
        key = _usable(each)
        if key is None:
            continue
        if key.key_id in found:
            raise KeysError(f"expected one key a key id, found two of {key.key_id!r}")
        found[str(key.key_id)] = key
    return found


def _usable(each: object) -> jwt.PyJWK | None:
    if not isinstance(each, dict) or not isinstance(each.get("kid"), str) or not each["kid"]:
        return None
    if each.get("use", "sig") != "sig" or each.get("kty") == "oct":
        return None
    try:
        key = jwt.PyJWK.from_dict(each)
    except (jwt.PyJWTError, ValueError, TypeError):
        return None
    too_short = each["kty"] == "RSA" and key.key.key_size < RSA_BITS_MIN
    wrong_curve = each["kty"] == "EC" and each.get("crv") != "P-256"
    return None if key.algorithm_name not in ALGORITHMS or too_short or wrong_curve else key


class FileKeys:
    """Keys of a JWKS file, read again when it changed. SettingsError at the start if it is none."""

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            self._mark, self._keys = self._mark_now(), parse_keys(path.read_bytes())
        except (OSError, KeysError) as error:
            said = error.strerror if isinstance(error, OSError) else error
            raise SettingsError(
                f"security.tokens.keys: {path}: {said}; `tapewatch tokens init` makes keys for development"
            ) from error

    async def find(self, key_id: str) -> jwt.PyJWK | None:
        """The key of an id. A file that is gone or damaged leaves the keys as they were, and is logged."""
        try:
            mark = self._mark_now()
            if mark != self._mark:
                self._mark, self._keys = mark, parse_keys(self._path.read_bytes())
                _log.info("token keys read again", path=str(self._path), keys=sorted(self._keys))
        except (OSError, KeysError) as error:
            _log.error("token keys cannot be read, the last ones stay", path=str(self._path), problem=str(error))
        return self._keys.get(key_id)

    def _mark_now(self) -> tuple[int, int, int]:
        found = self._path.stat()
        return found.st_mtime_ns, found.st_size, found.st_ino


class IssuerKeys:
    """Keys of an OIDC issuer: discovered, kept `keys_kept_s`, asked for again when a key id is unknown."""

    def __init__(self, settings: TokenSettings, clock_s: Callable[[], float] = time.monotonic) -> None:
        self._issuer = settings.issuer
        self._kept_s = settings.keys_kept_s
        self._clock_s = clock_s
        self._keys: Keys = {}
        self._read_s: float | None = None
        self._tried_s: float | None = None
        self._turn = asyncio.Lock()
        try:
            trusted = ssl.create_default_context(cafile=settings.authority)
        except (OSError, ssl.SSLError) as error:
            raise SettingsError(
                f"security.tokens.authority: expected a PEM file of certificates, found {settings.authority}: {error}"
            ) from error
        self._opener = urllib.request.build_opener(urllib.request.HTTPSHandler(context=trusted), _NoRedirect())

    async def find(self, key_id: str) -> jwt.PyJWK | None:
        """The key of an id; Unavailable while no keys were ever read, or the last are too old."""
        await self._refresh(unless=lambda: self._age_s() < self._kept_s)
        if key_id not in self._keys:
            await self._refresh(unless=lambda: key_id in self._keys)
        if self._age_s() > STALE_MAX_S:
            raise Unavailable(
                "ISSUER_UNREACHABLE",
                f"the keys of the token issuer {self._issuer} cannot be read, so no token can be checked; try later",
                retry_after_ms=round(REFRESH_PAUSE_S * 1_000),
            )
        return self._keys.get(key_id)

    def _age_s(self) -> float:
        return float("inf") if self._read_s is None else self._clock_s() - self._read_s

    async def _refresh(self, unless: Callable[[], bool]) -> None:
        """Ask the issuer, one at a time and with a pause between; what fails is logged and the old keys stay."""
        if unless():
            return
        async with self._turn:
            now_s = self._clock_s()
            if unless() or (self._tried_s is not None and now_s - self._tried_s < REFRESH_PAUSE_S):
                return
            self._tried_s = now_s
            try:
                self._keys = await asyncio.to_thread(self._fetch)
            except (OSError, HTTPException, KeysError) as error:
                _log.error("keys of the token issuer cannot be read", issuer=self._issuer, problem=str(error))
            else:
                self._read_s = now_s

    def _fetch(self) -> Keys:
        discovered = self._get(self._issuer.rstrip("/") + DISCOVERY_PATH)
        try:
            document = json.loads(discovered)
            issuer, address = document["issuer"], document["jwks_uri"]
        except (ValueError, TypeError, KeyError, RecursionError) as error:
            raise KeysError("expected an OIDC discovery document with issuer and jwks_uri, found another") from error
        if issuer != self._issuer:
            raise KeysError(f"expected the discovery document of {self._issuer}, found that of {str(issuer)[:200]}")
        ours = urlsplit(self._issuer).scheme
        if not isinstance(address, str) or urlsplit(address).scheme not in {"https", ours}:
            raise KeysError(f"expected an https address in jwks_uri, found {str(address)[:200]}")
        return parse_keys(self._get(address))

    def _get(self, address: str) -> bytes:
        with self._opener.open(address, timeout=FETCH_TIMEOUT_S) as answer:
            content: bytes = answer.read(DOCUMENT_BYTES_MAX + 1)
        if len(content) > DOCUMENT_BYTES_MAX:
            raise KeysError(f"expected at most {DOCUMENT_BYTES_MAX} bytes at {address}, found more")
        return content


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """An issuer's documents are where it says; whoever redirects us may be someone else."""

    def redirect_request(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: HTTPMessage, newurl: str
    ) -> Any:
        raise urllib.error.HTTPError(req.full_url, code, f"redirected to {newurl[:200]}", headers, fp)


def key_source(settings: TokenSettings) -> KeySource:
    """The file's keys, or the issuer's."""
    return FileKeys(settings.keys) if settings.keys is not None else IssuerKeys(settings)
