"""MD4 and Whirlpool where OpenSSL has them no more: the sums of their documents, and PHP's own where it is there."""

import json
import subprocess

import pytest

from luaproc.wiki.libraries.digests import md4, whirlpool
from tests.parts import need


def test_the_documents_sums() -> None:
    """Of RFC 1320, and of the authors of Whirlpool."""
    assert md4(b"") == "31d6cfe0d16ae931b73c59d7e0c089c0"
    assert md4(b"abc") == "a448017aaf21d8525fc10ae87aa6729d"
    assert md4(b"1234567890" * 8) == "e33b4ddc9c38f2199c3e7b164fcc0536"
    assert whirlpool(b"").startswith("19fa61d75522a4669b44e39c1d2e1726c530232130d407f89afee0964997f7a7")
    assert whirlpool(b"abc").startswith("4e2448a4c6f486bb16b6562c73b4020bf3043e3a731bce721ae1b303d97e6d4c")


@pytest.mark.real
def test_lengths_around_a_block() -> None:
    """Up to three blocks, where padding needs one more."""
    code = (
        "$found = []; for ( $n = 0; $n < 200; $n++ ) { $text = str_repeat( 'x', $n );"
        " $found[] = [ hash( 'md4', $text ), hash( 'whirlpool', $text ) ]; } echo json_encode( $found );"
    )
    done = subprocess.run([need("php"), "-r", code], capture_output=True, timeout=60, check=True)
    assert json.loads(done.stdout) == [[md4(b"x" * count), whirlpool(b"x" * count)] for count in range(200)]
