"""Where people get mail, and what becomes of it while nobody can say."""

import pytest
from tests.support.identity_scene import EMAIL, IdentityScene

from openoutcry.app.notifications import DirectoryRecipients
from openoutcry.ports.notifications import NotificationStoreError
from openoutcry.ports.people_store import PeopleStoreError


async def test_people_get_mail_where_they_sign_in_and_nobody_else_does() -> None:
    scene = IdentityScene()
    ann = await scene.person()
    recipients = DirectoryRecipients(scene.identity.directory)
    assert await recipients.address_of(ann.view.person_id) == EMAIL
    assert await recipients.address_of(ann.view.person_id + 1) is None


async def test_people_who_cannot_be_looked_up_now_are_asked_for_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It passes by itself, and so must not end all that anybody is told."""
    directory = IdentityScene().identity.directory

    async def away(person_id: int) -> None:
        raise PeopleStoreError(f"people.db is busy: {person_id}")

    monkeypatch.setattr(directory, "person", away)
    with pytest.raises(NotificationStoreError, match="is busy"):
        await DirectoryRecipients(directory).address_of(1)
