"""MediaWiki on PHP's web server, played by a script in its place: what is counted, and what is no page."""

import os
from contextlib import closing
from pathlib import Path

import pytest

from luaproc.bench.servers import BenchError
from luaproc.bench.web import WebServer
from tests.parts import need

pytestmark = pytest.mark.real

PAGE = """<?php
$answer = json_encode( [ 'parse' => [ 'text' => $_POST['text'] ] ] );
header( 'Content-Length: ' . strlen( $answer ) );
echo $answer;
"""
# Half a second of CPU time once the answer is out.
WORKS_ON = """
ob_get_level() && ob_end_flush();
flush();
if ( $_POST['text'] === 'long' ) {
    for ( $end = getrusage()['ru_utime.tv_sec'] * 1000000 + getrusage()['ru_utime.tv_usec'] + 500000;
        getrusage()['ru_utime.tv_sec'] * 1000000 + getrusage()['ru_utime.tv_usec'] < $end; );
}
"""


def web_server(directory: Path, script: str) -> WebServer:
    """PHP's, with a script where MediaWiki has api.php."""
    (directory / "api.php").write_text(script)
    return WebServer(need("php"), directory, dict(os.environ))


@pytest.mark.slow  # burns half a second of a processor
def test_what_php_does_behind_its_answer_is_counted(tmp_path: Path) -> None:
    """Jobs and what is put off come when the answer is out; the text comes as it was sent."""
    with closing(web_server(tmp_path, PAGE + WORKS_ON)) as web:
        text = "'''é''' & more"
        assert web.parse(text).html == text
        assert web.parse("long").php >= 0.5


@pytest.mark.parametrize("script", ["no JSON", "[]", "<?php echo '{\"parse\": {}}';", "<?php echo '{\"error\": 1}';"])
def test_what_is_no_page_is_no_figure(tmp_path: Path, script: str) -> None:
    """MediaWiki's errors come as JSON, too."""
    with pytest.raises(BenchError, match="expected a page of MediaWiki, got"):
        web_server(tmp_path, script)


def test_a_php_that_does_not_start_is_said(tmp_path: Path) -> None:
    """In its own last words, and without a wait for the port."""
    php = tmp_path / "php"
    php.write_text("#!/bin/sh\necho no such option >&2\nexit 1\n")
    php.chmod(0o755)
    with pytest.raises(BenchError, match="PHP's web server does not start: no such option"):
        WebServer(str(php), tmp_path, dict(os.environ))
