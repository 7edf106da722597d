"""Commands about apps that show codes, recovery codes, and a sign-in that asks for one."""

from datetime import timedelta
from types import SimpleNamespace

import pyotp

from engine import clock
from engine.people import factors, signing_in, throttle
from engine.people.signing_in import Browser
from tests.durability import stage as given
from tests.durability.commands import request
from tests.durability.commands.host import typed
from tests.durability.stage import PASSWORD

_HERE = Browser("127.0.0.1")
_STEP = 30  # seconds for which an app shows a code
_PAGE = "/account/second-factor"


def with_key(stage):
    """A password, and a key that is to be kept."""
    given.with_password(stage)
    # In the middle of a step: then every run of a command finds the same code.
    begun = clock.now().timestamp() // _STEP * _STEP + _STEP / 2
    it = SimpleNamespace(key=factors.new_key(), at=begun)
    it.code = pyotp.TOTP(it.key).at(int(it.at))
    return it


def with_app(stage):
    """An app whose code has not been used in this step."""
    it = with_key(stage)
    earlier = pyotp.TOTP(it.key).at(int(it.at) - _STEP)
    add = (factors.add, it.key, earlier, "Phone", stage.cast.dora)
    it.recovery = at(it, lambda: stage.does(*add))
    it.id = stage.does(factors.look, stage.cast.dora).apps[0].id
    return it


def asked(stage):
    """A sign-in that waits for its code."""
    it = with_app(stage)
    it.secret = stage.does(signing_in.admit, stage.cast.dora, _HERE).secret
    return it


def linked(stage):
    it = with_app(stage)
    it.link = stage.cast.link("dora")
    return it


def locked_out(stage):
    for _ in range(5):
        stage.does(throttle.count, throttle.person("dora"))


def at(it, act):
    """Do something at the moment to which the codes belong."""
    by = timedelta(seconds=it.at - clock.now().timestamp())
    clock.shift(by)
    try:
        return act()
    finally:
        clock.shift(-by)


def _to_page(path, **form):
    """A form of Dora's, sent at the moment of the code."""

    def send(stage, it):
        filled = {key.format(it=it): value.format(it=it) for key, value in form.items()}
        return at(it, lambda: stage.post("dora", path.format(it=it), data=filled))

    return send


def _sign_in(stage, it):
    form = {"username": "dora", "password": PASSWORD}
    return at(it, lambda: stage.anyone().post("/sign-in", data=form))


def _give(code):
    def send(stage, it):
        http = stage.anyone()
        http.set_cookie("steadyhand-code", it.secret)
        form = {"code": code.format(it=it)}
        return at(it, lambda: http.post("/sign-in/code", data=form))

    return send


_APP = {"key": "{it.key}", "code": "{it.code}", "label": "Phone", "proof": PASSWORD}

PAGES = [
    request("POST /sign-in", with_app, _sign_in, "a code is asked next"),
    request(
        "POST /sign-in/<link>",
        linked,
        lambda stage, it: at(it, lambda: stage.anyone().post(f"/sign-in/{it.link}")),
        "a code is asked next",
    ),
    request("POST /sign-in/code", asked, _give("{it.code}"), "of an app"),
    request("POST /sign-in/code", asked, _give("{it.recovery[0]}"), "for recovery"),
    request(f"POST {_PAGE}/add", with_key, _to_page(f"{_PAGE}/add", **_APP)),
    request(
        f"POST {_PAGE}/<authenticator_id>/remove",
        with_app,
        _to_page(f"{_PAGE}/{{it.id}}/remove", **{"proof-{it.id}": "{it.code}"}),
    ),
    request(
        f"POST {_PAGE}/recovery-codes",
        with_app,
        _to_page(f"{_PAGE}/recovery-codes", **{"proof-codes": PASSWORD}),
    ),
]

WORDS = [
    typed(
        "user unlock",
        locked_out,
        lambda stage, _it: stage.does(throttle.unlock, "dora", stage.cast.ada),
    ),
    typed(
        "user reset-factors",
        with_app,
        lambda stage, _it: stage.does(factors.reset, "dora", stage.cast.ada),
    ),
]
