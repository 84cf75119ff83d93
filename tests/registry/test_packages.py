import json

import pytest

from cellarena.faults import IntegrityError
from cellarena.registry.packages.messages import facts_of, release_message, score_words
from cellarena.registry.packages.package import hashes_of, read_package, refuse_changed, write_package
from cellarena.registry.repository.outputs import Output
from described import package


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "checkpoints").mkdir()
    (tmp_path / "checkpoints" / "model.json").write_text("{}")
    (tmp_path / "scores.csv").write_text("image\n")
    write_package(package(files=hashes_of(tmp_path)), tmp_path)
    return tmp_path


def test_a_package_reads_back_and_its_files_are_those_that_it_promises(folder):
    found = read_package(folder)
    assert sorted(found.files) == ["checkpoints/model.json", "scores.csv"]
    assert str(found.checkpoint) == "checkpoints/unet-real-0"
    refuse_changed(found, folder)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda folder: (folder / "scores.csv").write_text("other\n"), "scores.csv: sha256 is"),
        (lambda folder: (folder / "scores.csv").unlink(), "scores.csv: is missing"),
        (lambda folder: (folder / "more.bin").write_text("x"), "more.bin: package.json knows no such file"),
    ],
)
def test_a_file_that_is_another_missing_or_too_many_is_named(folder, change, words):
    found = read_package(folder)
    change(folder)
    with pytest.raises(IntegrityError, match=words):
        refuse_changed(found, folder)


@pytest.mark.parametrize(
    "change",
    [{"format": 2}, {"run": "../../etc-real-0"}, {"files": {"a": "short"}}, {"unheard_of": 1}, {"score": None}],
)
def test_a_damaged_package_is_refused_in_one_line(folder, change):
    path = folder / "package.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(ValueError, match=r"package\.json: not a package of this project") as raised:
        read_package(folder)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("content", [b"", b"\xff", b"[", b"[" * 100_000, b"null"])
def test_what_is_no_json_is_refused(folder, content):
    (folder / "package.json").write_bytes(content)
    with pytest.raises(ValueError, match=r"package\.json"):
        read_package(folder)


def test_the_message_of_a_release_is_read_by_people_and_by_programs():
    output = Output("data/packages/unet", "0123.dir", 2048, 7, "package@unet-real-0")
    message = release_message("unet@v1.0.0", [output], "abcd.dir", package())
    assert message.splitlines()[0] == "unet@v1.0.0: unet-real-0, F1 0.500 [0.400, 0.600], licence CC0-1.0"
    facts = facts_of(message)
    assert (facts["data"], facts["md5"]) == ("abcd.dir", {"data/packages/unet": "0123.dir"})
    assert score_words(facts["score"]) == "0.500 [0.400, 0.600]"
    assert release_message("raw@v1.0.0", [output], "", None).startswith("raw@v1.0.0: 7 files, 2,048 bytes\n")


@pytest.mark.parametrize("message", ["", "by hand", "a\n\n[1]", "a\n\n{", "a\n\n" + "[" * 100_000])
def test_a_tag_that_another_program_wrote_has_no_facts(message):
    assert facts_of(message) == {}


@pytest.mark.parametrize("score", [None, {}, {"mean": None}, {"mean": "0.5"}])
def test_an_undefined_score_is_a_dash(score):
    assert score_words(score) == "\N{EN DASH}"
