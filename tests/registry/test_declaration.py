import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from cellarena.registry.foreign.declaration import refuse_declared, with_artifact

TEXT = """# stages first
stages:
  a:
    cmd: echo  # a comment

artifacts: # what can be released
  unet:
    path: data/packages/unet
    type: model
  # the last one
  raw:
    path: data/raw

# about plots
plots:
- a.csv
"""


def added(text, name="my-unet"):
    return with_artifact(text, name, f"data/imported/{name}", "Trained elsewhere")


def test_lines_are_added_behind_the_last_artifact_and_nothing_else_changes():
    after = added(TEXT)
    new = ["  my-unet:", "    path: data/imported/my-unet", "    type: model", "    desc: Trained elsewhere"]
    lines = TEXT.splitlines()
    at = lines.index("    path: data/raw") + 1
    assert after.splitlines() == [*lines[:at], *new, *lines[at:]]


def test_a_section_is_made_where_there_is_none():
    text = "stages:\n  a:\n    cmd: echo\n"
    assert added(text).startswith(text)
    assert yaml.safe_load(added(text))["artifacts"]["my-unet"]["type"] == "model"


def test_the_indentation_is_that_of_the_file():
    text = "artifacts:\n    unet:\n        path: a\n"
    assert "\n    my-unet:\n" in added(text)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (TEXT.replace("raw:", "my-unet:"), "declares an artifact my-unet already"),
        ("artifacts: {unet: {path: a}}\n", "add by hand"),
        ("artifacts: [a]\n", "its artifacts are none"),
        ("- a\n", "holds no mapping"),
        ("a: [\n", "not valid YAML"),
        ("a: " + "[" * 5000, "not valid YAML"),
    ],
)
def test_what_cannot_be_added_to_is_refused(text, words):
    with pytest.raises(ValueError, match=words):
        added(text)


@pytest.mark.parametrize("name", ["", "a", "My-unet", "a@b", "../x", "a b", "-a", "a-", "a\nb"])
def test_a_name_that_cannot_be_released_is_refused(name):
    with pytest.raises(ValueError, match="cannot name an artifact"):
        refuse_declared(TEXT, name)


@example(["no", "null", "on", "yes"])
@given(st.lists(st.from_regex(r"[a-z][a-z0-9-]{0,5}[a-z0-9]", fullmatch=True), unique=True, min_size=1, max_size=5))
def test_any_number_of_artifacts_can_be_added(names):
    text = TEXT
    before = yaml.safe_load(TEXT)
    for name in sorted(set(names) - set(before["artifacts"])):
        text = added(text, name)
    content = yaml.safe_load(text)
    assert set(content["artifacts"]) == {*before["artifacts"], *names}
    assert {key: value for key, value in content.items() if key != "artifacts"} == {
        key: value for key, value in before.items() if key != "artifacts"
    }
