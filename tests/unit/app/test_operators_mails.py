"""Whose mails a demo shows to nobody: an operator's, for as long as they are one."""

from tests.support.identity_scene import IdentityScene

from openoutcry.app.people import OperatorsMails
from openoutcry.ports.people import OperatorRole


async def test_mails_to_who_holds_a_role_are_private_for_as_long_as_they_hold_it() -> None:
    directory = IdentityScene().identity.directory
    mails = OperatorsMails(directory)
    assert not await mails.is_private("Boss@example.com")
    made = await directory.add_operator("Boss@example.com", [OperatorRole.AUDITOR], 1)
    assert await mails.is_private("Boss@example.com")
    assert await mails.is_private("bOSS@EXAMPLE.com")
    assert not await mails.is_private("boss@example.org")
    await directory.set_roles(made.person.person_id, [])
    assert not await mails.is_private("Boss@example.com")
