"""A report whose every text comes from someone who wishes it ill."""

import io

import numpy as np
import pandas as pd
from PIL import Image as Pillow

from cellarena.reporting.document import Document, Illustration, Notes, Section, ShownTable, Text, Warnings
from cellarena.reporting.tables import table_with_failures


def _png():
    """Return a figure of one pixel."""
    written = io.BytesIO()
    Pillow.new("L", (1, 1)).save(written, format="PNG")
    return written.getvalue()


PNG = _png()
NAMES = [
    "a|b",
    "<script>alert(1)</script>.png",
    '"><img src=x onerror="document.title=1">',
    "</title></script><script>document.title=1</script>",
    "#let x = 1; #panic()",
    "$x$ *b* _i_ `c` ~s~ <label> @ref",
    "C:\\temp\\n \\u{41}",
    "\u202egnp.exe",
    "line\nbreak\r\n# heading",
    "{{ 7 * 7 }} {% raw %}",
    "[l](http://e.x) javascript:alert(1)",
    "[bold red]rich[/] :smile:",
    "1. one",
    "- dash",
    "細胞のとても長い名前" * 4,
    "x" * 200,
    "y z " * 60,
]
"""What a file, a device or a failure may be called."""


def document(names=NAMES, f1=None):
    """Return a report in which every text is one of the names, in every kind of block."""
    frame = pd.DataFrame({"image": names, "f1": f1 or [0.5] * len(names), "failure": ["no memory", *names[1:]]})
    failed = [k == 0 for k in range(len(names))]
    undefined = pd.DataFrame({names[0]: [np.nan], "n": [3]})
    blocks = [
        *map(Text, names),
        Notes(names),
        Warnings(names),
        ShownTable("by name", table_with_failures(undefined, [False]), source=names[-1]),
        Illustration(names[2], "../plots/a b).png", names[3], names[1]),
        ShownTable("by image", table_with_failures(frame, failed), 30, names[0]),
    ]
    sections = [*(Section(name, [Text("t")]) for name in names), Section("left out", []), Section("Images", blocks)]
    return Document(names[3 % len(names)], [(name, name) for name in names], sections)


def read_figure(path):
    """Return a figure of one pixel."""
    return PNG
