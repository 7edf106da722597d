"""The cookies of these pages: each in its browser alone, out of reach for scripts."""

from dataclasses import dataclass
from datetime import timedelta

from flask import Response, current_app, request


@dataclass(frozen=True)
class Cookie:
    name: str
    lifetime: timedelta

    @property
    def value(self) -> str | None:
        """What the request brings along."""
        return request.cookies.get(self._sent_name)

    def keep(self, response: Response, value: str) -> Response:
        response.set_cookie(
            self._sent_name,
            value,
            max_age=self.lifetime,
            httponly=True,
            samesite="Lax",  # links from elsewhere lead in, and a provider back
            secure=_is_secure(),
        )
        return response

    def drop(self, response: Response) -> Response:
        response.delete_cookie(self._sent_name, secure=_is_secure(), httponly=True, samesite="Lax")
        return response

    @property
    def _sent_name(self) -> str:
        # The prefix makes browsers insist on https, which a laptop on 127.0.0.1 does not have.
        return f"__Host-{self.name}" if _is_secure() else self.name


def _is_secure() -> bool:
    return bool(current_app.config["SESSION_COOKIE_SECURE"])
