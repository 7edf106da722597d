"""OpenID Connect providers to sign in by: a real one in a process of its own, and a crooked one."""

import json
import socket
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, parse_qsl, urlsplit

import httpx
from joserfc import jwt
from joserfc.jwk import ECKey, OctKey, RSAKey

from engine.settings import OpenId
from tests.server import ROOT, START_SECONDS, free_port

# Of kinds that are yet to be invented, or none at all.
ODD_KEYS = [{"kty": "new", "kid": "9"}, {"kty": "EC", "crv": "P-9", "x": "a", "y": "b"}, {}, 7]
CLIENT_ID, CLIENT_SECRET = "steadyhand", "nobody else's secret"


def settings(issuer, **more):
    """Of an installation whose provider is at that address."""
    return OpenId(issuer, CLIENT_ID, CLIENT_SECRET, name="Acme", **more)


class Provider:
    """The package oidc-provider-mock, as it is installed."""

    def __enter__(self):
        port = free_port()
        self.issuer = f"http://127.0.0.1:{port}"
        command = [sys.executable, "-W", "ignore", "-m", "oidc_provider_mock", "--port", str(port)]
        quiet = subprocess.DEVNULL
        self._process = subprocess.Popen(
            [*command, "--require-nonce"], cwd=ROOT, stdout=quiet, stderr=quiet
        )
        deadline = time.monotonic() + START_SECONDS
        while not _listens(port):
            assert self._process.poll() is None
            assert time.monotonic() < deadline, "The provider did not start in time."
            time.sleep(0.05)
        return self

    def __exit__(self, *error):
        self._process.kill()
        self._process.wait()

    def knows(self, subject, **claims):
        """Tell it of somebody."""
        httpx.put(f"{self.issuer}/users/{subject}", json=claims, trust_env=False)

    def authorize(self, address, subject):
        """Sign in there as ``subject``; where the browser is sent then."""
        answer = httpx.post(address, data={"sub": subject}, trust_env=False)
        return answer.headers["Location"]


@dataclass
class Crooked:
    """A provider that says and signs whatever a test wants, and gives any code out again."""

    issuer: str
    claims: dict = field(default_factory=dict)  # over the right ones; None leaves one out
    metadata: dict = field(default_factory=dict)
    algorithm: str = "RS256"
    forged: str | None = None  # the ID token itself
    statuses: dict = field(default_factory=dict)  # path -> status
    userinfo: dict = field(default_factory=dict)
    key: RSAKey = field(default_factory=lambda: RSAKey.generate_key(2048, {"kid": "1"}))
    asked: dict = field(default_factory=dict)  # code -> the query with which it was asked for
    got: list = field(default_factory=list)  # paths, in order
    got_forms: list = field(default_factory=list)

    def authorize(self, address, code="a code"):
        """What the browser brings back when somebody has signed in there."""
        query = dict(parse_qsl(urlsplit(address).query))
        self.asked[code] = query
        return f"{query['redirect_uri']}?code={code}&state={query['state']}"

    def discovery(self):
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "userinfo_endpoint": f"{self.issuer}/userinfo",
            "jwks_uri": f"{self.issuer}/jwks",
            **self.metadata,
        }

    def jwks(self):
        return {"keys": ODD_KEYS if self.key.key_type == "oct" else [*ODD_KEYS, self.key.as_dict()]}

    def token(self, form):
        query = self.asked[form["code"][0]]
        now = int(time.time())
        right = {
            "iss": self.issuer,
            "sub": "ann",
            "aud": CLIENT_ID,
            "iat": now,
            "exp": now + 60,
            "nonce": query["nonce"],
        }
        claims = {k: v for k, v in {**right, **self.claims}.items() if v is not None}
        header = {"alg": self.algorithm, "kid": "1"}
        return {
            "access_token": "opens the userinfo",
            "token_type": "Bearer",
            "id_token": self.forged
            or jwt.encode(header, claims, self.key, algorithms=[self.algorithm]),
        }


def elliptic():
    return ECKey.generate_key("P-256", {"kid": "1"})


def shared():
    """The secret that the client has as well: who could sign with it could be anybody."""
    return OctKey.import_key(CLIENT_SECRET, {"kid": "1"})


@contextmanager
def crooked():
    """Runs one on a free port."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Answers) as server:
        server.daemon_threads = True
        provider = server.provider = Crooked(f"http://127.0.0.1:{server.server_port}")
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield provider
        finally:
            server.shutdown()
            thread.join()


class _Answers(BaseHTTPRequestHandler):
    def do_GET(self):
        provider = self.server.provider
        self._say(
            {
                "/.well-known/openid-configuration": provider.discovery,
                "/jwks": provider.jwks,
                "/userinfo": lambda: provider.userinfo,
            }[self.path]()
        )

    def do_POST(self):
        form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
        self.server.provider.got_forms.append(form)
        self._say(self.server.provider.token(form))

    def _say(self, what):
        provider = self.server.provider
        provider.got.append(self.path)
        body = json.dumps(what).encode()
        self.send_response(provider.statuses.get(self.path, 200))
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def _listens(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
