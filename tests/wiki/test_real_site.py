"""A site's settings as the real wiki's api.php gives them, in either formatversion."""

from dataclasses import fields
from typing import Any

import pytest

from luaproc.wiki.site import Site
from tests.mediawiki import installation

pytestmark = pytest.mark.real

PARTS = (
    "general|namespaces|namespacealiases|interwikimap|magicwords|extensiontags|functionhooks|variables|statistics"
    "|languages|usergroups|protocols|specialpagealiases"
)


def asked(url: str, version: str) -> dict[str, Any]:
    """The members of a site that one answer gives, whole as it is."""
    site = Site.from_dict(
        installation.api(
            url, action="query", meta="siteinfo|languageinfo|allmessages", siprop=PARTS, sinumberingroup="1",
            liprop="code|bcp47|dir|autonym|name|fallbacks|variants", licode="de|ar|gsw", ammessages="and|sunday",
            amlang="de", format="json", formatversion=version,
        ),
        "answer.json",
    )  # fmt: skip
    return {member.name: getattr(site, member.name) for member in fields(site)}


def test_both_formats_of_the_api_are_one_site(real_url: str) -> None:
    """Flags and texts are spelled in two ways; the example in docs/modules.md asks for these parts."""
    first, second = asked(real_url, "1"), asked(real_url, "2")
    assert first == second
    assert first["language_info"]["gsw"]["fallbacks"] == ["de"]
    assert (first["language_info"]["ar"]["dir"], first["messages"]["sunday"]) == ("rtl", "Sonntag")
    assert (first["namespaces"][828].canonical, first["namespaces"][10].has_subpages) == ("Module", True)
