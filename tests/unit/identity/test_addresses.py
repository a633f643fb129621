import pytest
from hypothesis import given
from hypothesis import strategies as st

from openoutcry.identity.addresses import check_email, key_of_email
from openoutcry.ports.people import EmailFormatError


@pytest.mark.parametrize(
    "text",
    [
        "a@b.co",
        "Ann.Lee+trading@Mail.Example.org",
        "o'brien_{x}|~%#!$&*/=?^`-@a-b.example",
        "1@2.example",
        "x" * 64 + "@example.org",
        "a@" + ".".join(["d" * 60] * 4) + ".org",
    ],
)
def test_addresses_that_mail_can_be_sent_to(text: str) -> None:
    assert check_email(text) == text


def test_blanks_around_an_address_are_not_its_own() -> None:
    assert check_email("  Ann@Example.org ") == "Ann@Example.org"
    assert key_of_email("Ann@Example.org") == "ann@example.org"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "@",
        "a",
        "a@b",
        "@b.co",
        "a@",
        "a@b.",
        "a@.co",
        "a@b..co",
        ".a@b.co",
        "a.@b.co",
        "a..b@c.co",
        "a@@b.co",
        "a b@c.co",
        "a@b c.co",
        "a@-b.co",
        "a@b-.co",
        "a@[192.0.2.1]",
        '"a b"@c.co',
        "a,b@c.co",
        "Ann <a@b.co>",
        "a@b.co\n",
        "a@b.co\r\nBcc: c@d.co",
        "a\0@b.co",
        "å@b.co",
        "a@ünï.co",
        "a@b.co,c@d.co",
        "x" * 65 + "@example.org",
        "a@" + ".".join(["d" * 63] * 4) + ".org",
        "a@" + "d" * 64 + ".org",
    ],
)
def test_what_is_no_such_address(text: str) -> None:
    with pytest.raises(EmailFormatError):
        check_email(text)


@given(st.text(max_size=300))
def test_whatever_passes_is_one_line_of_ascii(text: str) -> None:
    try:
        email = check_email(text)
    except EmailFormatError:
        return
    assert email.isascii()
    assert email.isprintable()
    assert " " not in email
    assert email.count("@") == 1
    assert check_email(email) == email
