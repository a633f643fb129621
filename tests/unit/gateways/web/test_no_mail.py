"""An exchange without a mail server says so where somebody would wait for a mail."""

import pytest
from tests.support.identity_scene import EMAIL, PASSWORD, IdentityScene
from tests.support.web_caller import ToySessions, WebCaller

from openoutcry.gateways.web import auth, me
from openoutcry.gateways.web.api import Route
from openoutcry.gateways.web.no_mail import BEGIN_WITH_A_MAIL, without_mail

BODIES = {
    "/auth/sign-up": {"email": EMAIL, "password": PASSWORD},
    "/auth/reset-request": {"email": EMAIL},
    "/me/email": {"email": "other@example.org"},
}


def _routes(scene: IdentityScene) -> tuple[Route, ...]:
    return (*auth.routes(scene.signing_in), *me.routes(scene.own))


@pytest.mark.parametrize("path", sorted(BEGIN_WITH_A_MAIL))
async def test_nobody_waits_for_a_mail_that_does_not_come(path: str) -> None:
    scene = IdentityScene()
    sessions = ToySessions({"ann": (await scene.person()).view})
    before = await scene.mails()
    routes = _routes(scene)
    caller = WebCaller(without_mail(routes), sessions)
    called = await caller.call("POST", path, BODIES[path], token="ann")
    assert (called.status, called.code) == (503, "NO_MAIL")
    assert await scene.mails() == before
    called = await WebCaller(routes, sessions).call("POST", path, BODIES[path], token="ann")
    assert called.status == 204


async def test_the_other_routes_are_as_they_were() -> None:
    routes = _routes(IdentityScene())
    kept = [route for route in without_mail(routes) if route in routes]
    assert len(kept) == len(routes) - len(BEGIN_WITH_A_MAIL)
