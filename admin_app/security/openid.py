"""Who somebody is for the company's identity provider: the code flow of OpenID Connect with PKCE, state and nonce.

Nothing here knows users. What comes out of it is a proof: issuer and subject, which alone are an identity, and what the
provider says of how they proved it. Protocol and signatures are Authlib's and joserfc's; only keys of the provider that
are not secrets shared with it are believed. OpenID Connect Core 1.0, 3.1; RFC 7636; RFC 9207; Back-Channel Logout 1.0.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from authlib.common.errors import AuthlibBaseError
from authlib.integrations.requests_client import OAuth2Session
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from joserfc.jws import JWSRegistry
from requests import RequestException

from admin_app.security.proofs import Flow, Proof, Unproven, Unreachable, new_flow, refuse_another_state

ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "Ed25519", "EdDSA"]
TOLERANCE_SECONDS = 60
WAIT_SECONDS = (5, 10)  # for a connection, for an answer
KEPT_SECONDS = 600
KEYS_ANEW_SECONDS = 30
LOGOUT_SECONDS = 300
SUBJECT_MAX = 255
SECOND_FACTORS = frozenset({"mfa", "otp", "hwk", "swk", "fpt", "face", "sc"})
LOGOUT_EVENT = "http://schemas.openid.net/event/backchannel-logout"


@dataclass
class Provider:
    """One identity provider, known by its issuer; what it says of itself is read anew after some minutes."""

    issuer: str
    client_id: str
    client_secret: str = ""
    _facts: dict[str, Any] = field(default_factory=dict)
    _keys: Any = None
    _read_at: float = 0.0
    _keys_at: float = 0.0

    def begin(self, back: str, *, is_anew: bool = False) -> tuple[str, Flow]:
        """The address to send a browser to, and what it keeps; `is_anew`: its person shows once more who they are.
        Raises Unreachable."""
        flow = new_flow()
        extra = {"prompt": "login", "max_age": "0"} if is_anew else {}
        with self._session(back) as session:
            url, _ = session.create_authorization_url(
                self._fact("authorization_endpoint"),
                state=flow.state,
                nonce=flow.nonce,
                code_verifier=flow.verifier,
                **extra,
            )
        return str(url), flow

    def finish(self, flow: Flow | None, given: Mapping[str, str], back: str) -> Proof:
        """Who came back, by what the provider gave them along. Raises Unproven, Unreachable."""
        flow = refuse_another_state(flow, given)
        self._refuse_another_issuer(given.get("iss"))
        if "error" in given or not given.get("code"):
            raise Unproven("the provider refused")
        token = self._fetched(given["code"], flow, back)
        return _proof(self._claims(token, flow.nonce))

    def subject_to_log_out(self, logout_token: str) -> str:
        """Whose sessions a provider ends. Raises Unproven, Unreachable."""
        claims, header = self._decoded(logout_token)
        options = self._options() | {"iat": {"essential": True}}
        try:
            jwt.JWTClaimsRegistry(leeway=TOLERANCE_SECONDS, **options).validate(claims)
        except JoseError as problem:
            raise Unproven(f"logout: {problem}") from problem
        is_event = isinstance(claims.get("events"), dict) and LOGOUT_EVENT in claims["events"]
        is_fresh = abs(time.time() - float(claims["iat"])) <= LOGOUT_SECONDS
        if not is_event or not is_fresh or "nonce" in claims or header.get("typ", "logout+jwt") == "at+jwt":
            raise Unproven("not a logout token")
        return _subject(claims)

    def _session(self, back: str) -> OAuth2Session:
        ways = self._facts.get("token_endpoint_auth_methods_supported") or ["client_secret_basic"]
        way = next((way for way in ("client_secret_basic", "client_secret_post") if way in ways), ways[0])
        return OAuth2Session(
            self.client_id,
            self.client_secret or None,
            scope="openid profile",
            redirect_uri=back,
            token_endpoint_auth_method=way if self.client_secret else "none",
            code_challenge_method="S256",
            default_timeout=WAIT_SECONDS,
        )

    def _fetched(self, code: str, flow: Flow, back: str) -> Mapping[str, Any]:
        endpoint = self._fact("token_endpoint")
        try:
            with self._session(back) as session:
                token = session.fetch_token(endpoint, code=code, code_verifier=flow.verifier, timeout=WAIT_SECONDS)
        except RequestException as problem:
            raise Unreachable from problem
        except (AuthlibBaseError, ValueError) as problem:
            raise Unproven(f"no token: {problem}") from problem
        if not isinstance(token, Mapping) or not isinstance(token.get("id_token"), str):
            raise Unproven("no identity token")
        return token

    def _claims(self, token: Mapping[str, Any], nonce: str) -> Mapping[str, Any]:
        claims, header = self._decoded(token["id_token"])
        params = {"nonce": nonce, "client_id": self.client_id, "access_token": token.get("access_token")}
        identity = CodeIDToken(claims, header, self._options(), params)
        try:
            identity.validate(leeway=TOLERANCE_SECONDS)
        except JoseError as problem:
            raise Unproven(str(problem)) from problem
        return identity

    def _options(self) -> dict[str, Any]:
        return {
            "iss": {"essential": True, "value": self.issuer},
            "aud": {"essential": True, "value": self.client_id},
        }

    def _decoded(self, text: str) -> tuple[dict[str, Any], dict[str, Any]]:
        """The claims and the header of a signed token; keys are read anew once where the provider has changed them."""
        registry = JWSRegistry(algorithms=ALGORITHMS, strict_check_header=False)
        try:
            try:
                token = jwt.decode(text, self._key_set(), registry=registry)
            except JoseError:
                if time.time() - self._keys_at < KEYS_ANEW_SECONDS:
                    raise
                self._keys = None
                token = jwt.decode(text, self._key_set(), registry=registry)
        except (JoseError, ValueError) as problem:
            raise Unproven(f"signature: {problem}") from problem
        return token.claims, token.header

    def _key_set(self) -> KeySet:
        if self._keys is None:
            self._keys, self._keys_at = self._read(self._fact("jwks_uri"), KeySet.import_key_set), time.time()
        return self._keys

    def _fact(self, name: str) -> str:
        """What the provider says of itself; that it is who we ask for, above all."""
        if not self._facts or time.time() - self._read_at > KEPT_SECONDS:
            facts = self._read(f"{self.issuer.rstrip('/')}/.well-known/openid-configuration", dict)
            if facts.get("issuer") != self.issuer:
                raise Unreachable("another issuer")
            self._facts, self._read_at = facts, time.time()
        if not isinstance(self._facts.get(name), str):
            raise Unreachable(f"no {name}")
        return str(self._facts[name])

    def _read(self, url: str, made: Callable[[Any], Any]) -> Any:
        try:
            with self._session("") as session:
                answer = session.get(url, withhold_token=True, timeout=WAIT_SECONDS, allow_redirects=False)
            answer.raise_for_status()
            return made(answer.json())
        except (RequestException, JoseError, ValueError, TypeError) as problem:
            raise Unreachable(type(problem).__name__) from problem

    def _refuse_another_issuer(self, issuer: str | None) -> None:
        """RFC 9207: an answer that says from whom it comes, or has to, comes from whom we asked."""
        self._fact("issuer")
        is_due = self._facts.get("authorization_response_iss_parameter_supported") is True
        if issuer != self.issuer and (issuer is not None or is_due):
            raise Unproven("another issuer")


def _proof(claims: Mapping[str, Any]) -> Proof:
    names = (claims.get(name) for name in ("name", "preferred_username", "email"))
    name = next((name for name in names if isinstance(name, str) and name.strip()), _subject(claims))
    ways = claims.get("amr") or ()
    at = claims.get("auth_time")
    proven_at = float(at) if isinstance(at, int | float) and not isinstance(at, bool) else 0.0
    has_second = not SECOND_FACTORS.isdisjoint(map(str, ways))
    return Proof(str(claims["iss"]), _subject(claims), name[:100], has_second, min(proven_at, time.time()))


def _subject(claims: Mapping[str, Any]) -> str:
    subject = claims.get("sub")
    if not isinstance(subject, str) or not 0 < len(subject) <= SUBJECT_MAX:
        raise Unproven("no subject")
    return subject
