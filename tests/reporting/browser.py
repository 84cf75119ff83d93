"""A headless browser for tests, driven through its command line."""

import shutil
import subprocess
from pathlib import Path

import pytest

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
needs_chromium = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine: the page cannot be opened")


def dump(page: Path, profile: Path) -> str:
    """Return the document of a page as it stands once its scripts ran."""
    quiet = ["--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
             "--disable-component-update", "--disable-sync"]  # fmt: skip
    command = [str(CHROMIUM), "--headless", "--no-sandbox", *quiet, f"--user-data-dir={profile}",
               "--virtual-time-budget=8000", "--dump-dom", page.as_uri()]  # fmt: skip
    return subprocess.run(command, capture_output=True, check=True, timeout=90, encoding="utf-8").stdout


def probe(page: str, script: str, folder: Path, width: int = 390) -> str:
    """Return what a script finds in a page that is shown in a frame of a given width.

    The script stands outside the page, so that the page's own content policy stays in force; it sees `page` (the
    page's document) and `frame` (its window) and returns a string.
    """
    framed = page.replace("&", "&amp;").replace('"', "&quot;")
    harness = folder / "harness.html"
    harness.write_text(
        '<!DOCTYPE html><meta charset="utf-8"><pre></pre>'
        f'<iframe width="{width}" height="800" srcdoc="{framed}"></iframe>'
        "<script>window.addEventListener('load', () => {"
        "const frame = document.querySelector('iframe').contentWindow, page = frame.document;"
        f"const found = (() => {{ {script} }})();"
        "document.querySelector('iframe').remove(); document.querySelector('pre').textContent = '[[' + found + ']]';"
        "})</script>",
        encoding="utf-8",
    )
    text = dump(harness, folder / "profile")
    return text[text.rindex("<pre>[[") + 7 : text.rindex("]]</pre>")]
