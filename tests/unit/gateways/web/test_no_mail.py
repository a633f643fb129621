"""An exchange without a mail server says so where somebody would wait for a mail."""

import pytest
from tests.support.identity_scene import EMAIL, PASSWORD, IdentityScene
from tests.support.web_caller import WebCaller

from openoutcry.gateways.web import auth
from openoutcry.gateways.web.no_mail import BEGIN_WITH_A_MAIL, without_mail

BODIES = {
    "/auth/sign-up": {"email": EMAIL, "password": PASSWORD},
    "/auth/reset-request": {"email": EMAIL},
}


@pytest.mark.parametrize("path", sorted(BEGIN_WITH_A_MAIL))
async def test_nobody_waits_for_a_mail_that_does_not_come(path: str) -> None:
    scene = IdentityScene()
    routes = auth.routes(scene.signing_in)
    called = await WebCaller(without_mail(routes)).call("POST", path, BODIES[path])
    assert (called.status, called.code) == (503, "NO_MAIL")
    assert await scene.mails() == []
    assert (await WebCaller(routes).call("POST", path, BODIES[path])).status == 204


async def test_the_other_routes_are_as_they_were() -> None:
    routes = auth.routes(IdentityScene().signing_in)
    kept = [route for route in without_mail(routes) if route in routes]
    assert len(kept) == len(routes) - len(BEGIN_WITH_A_MAIL)
