"""What the README shows is what was measured, and what it links to is there."""

import re
import sys

from workspace import ROOT

sys.path.insert(0, str(ROOT / "docs"))
from write_leaderboard import README, page


def test_the_leaderboard_is_that_of_the_committed_results():
    assert README.read_text(encoding="utf-8") == page(), "run `python docs/write_leaderboard.py`"


def test_every_file_that_it_shows_or_names_by_a_link_exists():
    links = re.findall(r"\]\(([^)#:]+)\)", README.read_text(encoding="utf-8"))
    assert [link for link in links if not (ROOT / link).exists()] == []
    assert "plots/comparison/examples/fluorescence.png" in links
