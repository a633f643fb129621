"""The catalogue of texts: complete, filled in, harmless."""

import re
from pathlib import Path

import pytest

import openoutcry.notifications
from openoutcry.notifications.templates import CATALOGUE, FACT_CHARACTERS_MAX, facts_needed, render
from openoutcry.ports.mail import SUBJECT_CHARACTERS_MAX, Mail
from openoutcry.ports.notifications import Kind, Notification

PACKAGE = Path(openoutcry.notifications.__file__).parents[1]


def told(template: str, **facts: str) -> Notification:
    return Notification("n1", 1_000_000, CATALOGUE[template].kind, template, 0, facts)


@pytest.mark.parametrize("template", CATALOGUE)
def test_every_template_fills_in_all_its_facts(template: str) -> None:
    facts = {name: f"<{name}>" for name in facts_needed(template)}
    words = render(told(template, **facts))
    for fact in facts.values():
        assert fact in words.title + words.text
    assert "{" not in words.title + words.text
    assert words.title
    assert not words.title.endswith(".")
    assert words.text.endswith(".")


def test_every_kind_has_a_template_and_every_template_is_used() -> None:
    assert {words.kind for words in CATALOGUE.values()} == set(Kind)
    sources = "".join(
        path.read_text()
        for folder in ("notifications", "app")
        for path in (PACKAGE / folder).glob("*.py")
        if path.name != "templates.py"
    )
    used = set(re.findall(r'"([a-z_]+)"', sources))
    assert [template for template in CATALOGUE if template not in used] == []


def test_a_fact_that_is_missing_reads_as_a_dash() -> None:
    assert render(told("signed_in", ip="::1")).text.startswith(
        "Somebody signed in to your account from ::1, with -."
    )


def test_a_template_of_another_release_has_words_too() -> None:
    words = render(Notification("n1", 1_000_000, Kind.FILL, "from_the_future", 0))
    assert words.title
    assert words.text


def test_what_others_wrote_stays_on_its_line_and_is_bounded() -> None:
    evil = "x\r\nBcc: all@example.org\u202e\0" + "y" * 999
    words = render(told("deposit_credited", amount=evil, asset="USD"))
    assert "\n" not in words.text
    assert "\u202e" not in words.text
    mail = Mail("a@example.org", words.title[:SUBJECT_CHARACTERS_MAX], words.text)
    assert "Bcc" in mail.subject
    assert len(words.text) < FACT_CHARACTERS_MAX + 99


def test_braces_in_a_fact_are_text() -> None:
    assert "{0.__class__}" in render(told("factor_added", ip="::1", detail="{0.__class__}")).text
