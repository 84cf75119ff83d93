from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cellarena.faults import SecurityError
from cellarena.records import Record, Run, read_manifest, write_manifest

RECORD = Record(
    id="a", image="images/a.tiff", labels="labels/a.tiff", modality="DIC", group="", subset="", height=4, width=5,
    channels=1, dtype="uint8", n_objects=3, sha256="00", labels_sha256="11", source="folder", licence="CC0-1.0",
)  # fmt: skip


def test_a_run_is_named_by_its_parts():
    assert str(Run("unet", "real", 0)) == "unet-real-0"


@pytest.mark.parametrize("name", ["R+S@10", "a-b", "a/b", "", "Unet"])
def test_a_run_refuses_names_that_dvc_or_a_path_would_misread(name):
    with pytest.raises(ValueError, match="cannot name a model or an arm"):
        Run("unet", name, 0)


@pytest.mark.parametrize("path", ["unet-real-0", "data/scores/unet-real-0.cells.csv", "a/b/unet-real-0.png"])
def test_a_run_is_read_from_its_name_and_from_what_is_named_after_it(path):
    assert Run.named_by(path) == Run.parse("unet-real-0") == Run("unet", "real", 0)


@pytest.mark.parametrize(
    "name", ["unet-real", "unet-real-x", "unet-real-00", "a-b-c-0", "Unet-real-0", "unet-real-0\n", ""]
)
def test_a_name_of_no_run_is_one_line_that_says_what_one_is(name):
    with pytest.raises(ValueError, match=r"names no run; expected MODEL-ARM-SEED, such as unet-real-0$"):
        Run.parse(name)
    assert Run.named_by(f"data/{name}") is None


def test_a_run_refuses_a_negative_seed():
    with pytest.raises(ValueError, match="negative"):
        Run("unet", "real", -1)


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1), st.integers(0, 2**40))
def test_a_manifest_reads_back_as_it_was(tmp_path_factory, name, n):
    path = tmp_path_factory.mktemp("manifest") / "manifest.csv"
    records = [replace(RECORD, modality=name, group=name, n_objects=n)]
    write_manifest(records, path)
    assert read_manifest(path) == records


def test_a_manifest_is_sorted_by_id(tmp_path):
    write_manifest([replace(RECORD, id=name) for name in "cab"], tmp_path / "m.csv")
    assert [record.id for record in read_manifest(tmp_path / "m.csv")] == ["a", "b", "c"]


def test_a_manifest_without_a_column_is_refused(tmp_path):
    (tmp_path / "m.csv").write_text("id,image\na,b\n")
    with pytest.raises(ValueError, match=r"m\.csv: not a manifest \(columns are .*run `dvc repro`"):
        read_manifest(tmp_path / "m.csv")


def test_a_record_refuses_line_breaks():
    with pytest.raises(ValueError, match="its modality holds a control character"):
        replace(RECORD, modality="DIC\nphase")


@pytest.mark.parametrize("damage", [b"", b"\xff\xfe", b"no manifest", None])
def test_a_damaged_manifest_is_refused_by_name(tmp_path, damage):
    path = tmp_path / "m.csv"
    write_manifest([RECORD], path)
    path.write_bytes(path.read_bytes()[:-20] if damage is None else damage)
    with pytest.raises(ValueError, match=r"m\.csv: not a manifest"):
        read_manifest(path)


def test_a_number_that_is_none_is_refused_by_name(tmp_path):
    write_manifest([RECORD], tmp_path / "m.csv")
    (tmp_path / "m.csv").write_text((tmp_path / "m.csv").read_text().replace(",4,5,1,", ",4,x,1,"))
    with pytest.raises(ValueError, match=r"m\.csv: not a manifest \(invalid literal"):
        read_manifest(tmp_path / "m.csv")


@pytest.mark.parametrize(
    "wrong", [{"id": "../a"}, {"id": "a\\b"}, {"image": "/etc/passwd"}, {"labels": "labels/../../a.tiff"}]
)
def test_a_record_stays_in_its_folder(wrong):
    with pytest.raises(SecurityError, match="lies outside the folder|an id is a file name"):
        replace(RECORD, **wrong)


def test_a_manifest_that_leads_out_of_its_folder_is_refused_by_name(tmp_path):
    write_manifest([RECORD], tmp_path / "m.csv")
    (tmp_path / "m.csv").write_text((tmp_path / "m.csv").read_text().replace(RECORD.image, "../" + RECORD.image))
    with pytest.raises(SecurityError, match=r"m\.csv: record .* lies outside the folder"):
        read_manifest(tmp_path / "m.csv")
