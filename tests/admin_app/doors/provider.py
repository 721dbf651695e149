"""An identity provider of our own, on this machine: it says what a test lets it say, true or not."""

from __future__ import annotations

import base64
import hashlib
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import parse_qs, urlsplit

import flask
from joserfc import jwt
from joserfc.jwk import KeySet, OctKey, RSAKey

from tests.fixtures.serving import serving

CLIENT, SECRET = "guicheng", "of the client"


class OwnProvider:
    """What it answers with; `claims` go over what is true, `codes` are those that it gave out."""

    def __init__(self) -> None:
        self.key = RSAKey.generate_key(2048, {"kid": "1"})
        self.issuer = ""
        self.sub, self.name = "0001", "林曉梅"
        self.claims: dict[str, Any] = {}
        self.header: dict[str, Any] = {}
        self.facts: dict[str, Any] = {}
        self.signed_by: Any = None
        self.is_down = False
        self.codes: dict[str, dict[str, str]] = {}

    def give_code(self, url: str) -> dict[str, str]:
        """What a browser that was sent here takes back, once its person has signed in."""
        query = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
        assert query["code_challenge_method"] == "S256"
        assert query["response_type"] == "code"
        code = f"code-{len(self.codes)}"
        self.codes[code] = query
        return {"code": code, "state": query["state"]}

    def signed(self, claims: dict[str, Any]) -> str:
        key = self.signed_by or self.key
        header = {"alg": "HS256" if isinstance(key, OctKey) else "RS256", "kid": self.key.kid, **self.header}
        return jwt.encode(header, claims, key, algorithms=[header["alg"]])

    def identity(self, nonce: str) -> dict[str, Any]:
        now = int(time.time())
        times = {"iat": now, "exp": now + 300}
        own = {"iss": self.issuer, "sub": self.sub, "aud": CLIENT, "nonce": nonce, "name": self.name, **times}
        return {name: value for name, value in (own | self.claims).items() if value is not None}

    def logout(self, **claims: Any) -> str:
        event = {"http://schemas.openid.net/event/backchannel-logout": {}}
        now = int(time.time())
        own = {"iss": self.issuer, "sub": self.sub, "aud": CLIENT, "iat": now, "jti": "1", "events": event}
        return self.signed({name: value for name, value in (own | claims).items() if value is not None})

    def token(self) -> Any:
        form, given = flask.request.form, flask.request.authorization
        query = self.codes.pop(form["code"], None)
        is_client = given is not None and (given.username, given.password) == (CLIENT, SECRET)
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        proof = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        if query is None or not is_client or query["code_challenge"] != proof:
            return {"error": "invalid_grant"}, 400
        token = {"access_token": "a", "token_type": "Bearer", "expires_in": 60}
        return token | {"id_token": self.signed(self.identity(query["nonce"]))}

    def answers(self) -> flask.Flask:
        app = flask.Flask("provider")

        @app.before_request
        def fail() -> Any:
            return ("down", 503) if self.is_down else None

        @app.get("/.well-known/openid-configuration")
        def configuration() -> Any:
            names = ("authorization", "token")
            endpoints = {f"{name}_endpoint": f"{self.issuer}/{name}" for name in names}
            return {"issuer": self.issuer, "jwks_uri": f"{self.issuer}/keys", **endpoints, **self.facts}

        app.get("/keys")(lambda: KeySet([self.key]).as_dict(private=False))
        app.post("/token")(self.token)
        return app


@contextmanager
def own_provider() -> Iterator[OwnProvider]:
    """A provider that answers until the end of the block."""
    own = OwnProvider()
    with serving(own.answers()) as own.issuer:
        yield own
