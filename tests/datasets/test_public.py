"""Public sets, from small archives of the same inner layout that a server on loopback or a mirror folder hands out."""

import hashlib
import io
import threading
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image as Pillow

from cellarena.datasets.downloading import downloads
from cellarena.datasets.downloading.downloads import fetch
from cellarena.datasets.sources.public import PUBLIC_SETS, Archive, PublicSet, declared_sha256, public_samples
from cellarena.datasets.sources.spec import SOURCES, Acquisition, Sample, Simulation
from cellarena.faults import IntegrityError, PartialError, SecurityError

ACQUISITION = Acquisition(
    source="neurips22", root=Path("none"), licence="", max_pixels=10**6, simulated=Simulation(images=4, seed=0)
)


def tiff(pixels: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    tifffile.imwrite(buffer, pixels)
    return buffer.getvalue()


def png(pixels: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    Pillow.fromarray(pixels).save(buffer, format="PNG")
    return buffer.getvalue()


IMAGE = np.random.default_rng(0).integers(0, 255, (40, 50, 3)).astype(np.uint8)
LABELS = np.zeros((40, 50), np.uint16)
LABELS[2:9, 3:9], LABELS[20:30, 20:25] = 1, 2


def zipped(entries: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def challenge_zip(part: str) -> bytes:
    return zipped(
        {
            f"{part}/images/cell_00001.png": png(IMAGE),
            f"{part}/labels/cell_00001_label.tiff": tiff(LABELS),
            f"{part}/images/cell_00002.tif": tiff(IMAGE[..., 0].astype(np.uint16)),
            f"{part}/labels/cell_00002_label.tiff": tiff(LABELS),
        }
    )


def dsb_zip() -> bytes:
    masks = {f"s1/masks/{i}.png": png((i == LABELS) * np.uint8(255)) for i in (1, 2)}
    return zipped({"s1/images/s1.png": png(IMAGE)} | masks)


@dataclass
class Served:
    """What the server has, and how it misbehaves: `cut` connections break after half, `codes` are answered first."""

    url: str = ""
    files: dict[str, bytes] = field(default_factory=dict)
    cut: int = 0
    codes: list[int] = field(default_factory=list)
    resumes: bool = True
    ranges: list[str | None] = field(default_factory=list)


@pytest.fixture
def served() -> Iterator[Served]:
    state = Served()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            state.ranges.append(self.headers.get("Range"))
            content = state.files.get(self.path[1:])
            if content is None or state.codes:
                self.send_error(state.codes.pop(0) if state.codes else 404)
                return
            start = 0
            if state.resumes and (asked := self.headers.get("Range")):
                start = int(asked.removeprefix("bytes=").rstrip("-"))
            if start >= len(content):
                self.send_error(416)
                return
            self.send_response(206 if start else 200)
            self.send_header("Content-Length", str(len(content) - start))
            if start:
                self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
            self.end_headers()
            rest = content[start:]
            if state.cut:
                state.cut -= 1
                rest = rest[: len(rest) // 2]
            self.wfile.write(rest)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    state.url = f"http://127.0.0.1:{server.server_port}"
    yield state
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(autouse=True)
def surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("CELLARENA_MIRROR", "CELLARENA_BBBC038_SHA256", "http_proxy", "HTTP_PROXY"):
        monkeypatch.delenv(name, raising=False)


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def small(name: str, contents: list[bytes], url: str) -> PublicSet:
    """Return a declared data set with its archives replaced by small ones."""
    dataset = PUBLIC_SETS[name]
    archives = zip(dataset.archives, contents, strict=True)
    return replace(
        dataset,
        archives=tuple(replace(a, url=f"{url}/{a.name}", sha256=sha256(content)) for a, content in archives),
    )


def put(served: Served, name: str, contents: list[bytes]) -> PublicSet:
    served.files = {a.name: content for a, content in zip(PUBLIC_SETS[name].archives, contents, strict=True)}
    return small(name, contents, served.url)


def read(name: str, dataset: PublicSet, cache: Path) -> list[Sample]:
    return list(public_samples(name, dataset, ACQUISITION, cache))


CHALLENGE = [challenge_zip("Training-labeled"), challenge_zip("Tuning")]


def test_the_challenge_with_its_tuning_set_as_test(served: Served, tmp_path: Path, capsys) -> None:
    samples = read("neurips22", put(served, "neurips22", CHALLENGE), tmp_path)
    assert [(sample.id, sample.subset) for sample in samples] == [
        ("train_cell_00001", ""),
        ("train_cell_00002", ""),
        ("tuning_cell_00001", "test"),
        ("tuning_cell_00002", "test"),
    ]
    assert np.array_equal(samples[0].image, IMAGE)
    assert samples[1].image.dtype == np.uint16
    assert np.array_equal(samples[3].labels, LABELS)
    assert "neurips22: licence CC-BY-NC-ND-4.0 - non-commercial use only" in capsys.readouterr().err


def test_bbbc038_is_a_dsb_tree(served: Served, tmp_path: Path) -> None:
    (sample,) = read("bbbc038", put(served, "bbbc038", [dsb_zip()]), tmp_path)
    assert sample.id == "s1"
    assert np.array_equal(sample.labels, LABELS)


def test_the_catalog_knows_licence_and_citation() -> None:
    assert SOURCES["neurips22"].licence == "CC-BY-NC-ND-4.0"
    assert "10.5281/zenodo.10719375" in SOURCES["neurips22"].citation
    assert SOURCES["bbbc038"].licence == "CC0-1.0"


@pytest.mark.parametrize("archive", [a for dataset in PUBLIC_SETS.values() for a in dataset.archives])
def test_every_archive_has_a_hash_or_says_where_it_is_given(archive: Archive) -> None:
    assert len(archive.sha256) == 64 or archive.sha256_variable
    assert archive.url.startswith("https://")


def test_without_a_hash_nothing_is_fetched(served: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    dataset = put(served, "bbbc038", [dsb_zip()])
    (archive,) = dataset.archives
    dataset = replace(dataset, archives=(replace(archive, sha256=""),))
    with pytest.raises(ValueError, match=r"run `sha256sum stage1_train.zip` and set CELLARENA_BBBC038_SHA256"):
        read("bbbc038", dataset, tmp_path)
    assert served.ranges == []
    monkeypatch.setenv("CELLARENA_BBBC038_SHA256", f" {sha256(dsb_zip()).upper()} ")
    assert len(read("bbbc038", dataset, tmp_path)) == 1
    monkeypatch.setenv("CELLARENA_BBBC038_SHA256", "abc")
    with pytest.raises(ValueError, match=r"CELLARENA_BBBC038_SHA256: 'abc' is no sha256"):
        declared_sha256(PUBLIC_SETS["bbbc038"].archives[0])


def test_a_second_run_asks_the_server_for_nothing(served: Served, tmp_path: Path) -> None:
    dataset = put(served, "neurips22", CHALLENGE)
    read("neurips22", dataset, tmp_path)
    assert len(served.ranges) == 2
    for archive in (tmp_path / "neurips22").glob("*.zip"):
        archive.unlink()
    assert len(read("neurips22", dataset, tmp_path)) == 4
    assert len(served.ranges) == 2


def test_a_wrong_hash_unpacks_nothing_and_keeps_nothing(served: Served, tmp_path: Path) -> None:
    dataset = put(served, "neurips22", CHALLENGE)
    served.files["Tuning.zip"] = challenge_zip("other")
    with pytest.raises(IntegrityError, match=r"Tuning.zip.*does not match"):
        read("neurips22", dataset, tmp_path)
    assert not [path for path in (tmp_path / "neurips22").iterdir() if path.name.startswith("Tuning")]


def test_a_path_that_escapes_is_refused(served: Served, tmp_path: Path) -> None:
    evil = zipped({"s1/images/s1.png": png(IMAGE), "../../evil.png": png(IMAGE)})
    with pytest.raises(SecurityError, match=r"'\.\./\.\./evil.png' leads outside"):
        read("bbbc038", put(served, "bbbc038", [evil]), tmp_path / "cache")
    assert not list(tmp_path.rglob("*.png"))


def test_another_layout_than_declared_is_refused(served: Served, tmp_path: Path) -> None:
    with pytest.raises(IntegrityError, match=r"holds parallel folders, declared is DSB tree"):
        read("bbbc038", put(served, "bbbc038", [CHALLENGE[0]]), tmp_path)


def test_a_mirror_is_read_instead_of_the_network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mirror = tmp_path / "mirror"
    mirror.mkdir()
    dataset = small("neurips22", CHALLENGE, "http://127.0.0.1:1")
    monkeypatch.setenv("CELLARENA_MIRROR", str(mirror))
    with pytest.raises(FileNotFoundError, match=r"CELLARENA_MIRROR names the folder that holds Training-labeled.zip"):
        read("neurips22", dataset, tmp_path / "cache")
    (mirror / "Training-labeled.zip").write_bytes(CHALLENGE[0])
    (mirror / "Tuning.zip").write_bytes(CHALLENGE[0])
    with pytest.raises(IntegrityError, match=r"Tuning.zip: sha256 is"):
        read("neurips22", dataset, tmp_path / "cache")
    (mirror / "Tuning.zip").write_bytes(CHALLENGE[1])
    assert len(read("neurips22", dataset, tmp_path / "cache")) == 4


CONTENT = bytes(range(256)) * 5000


def test_a_cut_connection_is_resumed_where_it_broke(served: Served, tmp_path: Path) -> None:
    served.files, served.cut = {"a.zip": CONTENT}, 2
    path = fetch(f"{served.url}/a.zip", "a.zip", sha256(CONTENT), tmp_path, pauses=(0, 0))
    assert path.read_bytes() == CONTENT
    half = len(CONTENT) // 2
    assert served.ranges == [None, f"bytes={half}-", f"bytes={half + half // 2}-"]
    assert [file.name for file in tmp_path.iterdir()] == ["a.zip"]


def test_what_arrived_is_kept_for_the_next_run(served: Served, tmp_path: Path) -> None:
    served.files, served.cut = {"a.zip": CONTENT}, 1
    half = len(CONTENT) // 2
    with pytest.raises(PartialError, match=rf"1 tries failed \(cut after {half:,} of .*{half:,} bytes are kept"):
        fetch(f"{served.url}/a.zip", "a.zip", sha256(CONTENT), tmp_path, pauses=())
    assert [file.name for file in tmp_path.iterdir()] == ["a.zip.part"]
    fetch(f"{served.url}/a.zip", "a.zip", sha256(CONTENT), tmp_path, pauses=())
    assert served.ranges == [None, f"bytes={half}-"]


def test_a_server_that_cannot_resume_starts_again(served: Served, tmp_path: Path) -> None:
    served.files, served.cut, served.resumes = {"a.zip": CONTENT}, 1, False
    path = fetch(f"{served.url}/a.zip", "a.zip", sha256(CONTENT), tmp_path, pauses=(0,))
    assert path.read_bytes() == CONTENT


def test_more_kept_than_there_is_starts_again(served: Served, tmp_path: Path) -> None:
    served.files = {"a.zip": CONTENT}
    (tmp_path / "a.zip.part").write_bytes(CONTENT + b"more")
    assert fetch(f"{served.url}/a.zip", "a.zip", sha256(CONTENT), tmp_path, pauses=(0,)).read_bytes() == CONTENT


def test_a_busy_server_is_asked_again_and_a_refusal_is_not(served: Served, tmp_path: Path) -> None:
    served.files, served.codes = {"a.zip": CONTENT}, [503, 429]
    assert fetch(f"{served.url}/a.zip", "a.zip", sha256(CONTENT), tmp_path, pauses=(0, 0)).is_file()
    with pytest.raises(FileNotFoundError, match=r"the server answers 404"):
        fetch(f"{served.url}/b.zip", "b.zip", sha256(CONTENT), tmp_path, pauses=(0, 0))
    assert len(served.ranges) == 4


def test_no_server_at_all(tmp_path: Path) -> None:
    with pytest.raises(PartialError, match=r"2 tries failed .* set CELLARENA_MIRROR"):
        fetch("http://127.0.0.1:1/a.zip", "a.zip", sha256(b""), tmp_path, pauses=(0,))


def test_a_corrupted_archive_in_the_cache_is_fetched_again(served: Served, tmp_path: Path) -> None:
    served.files = {"a.zip": CONTENT}
    (tmp_path / "a.zip").write_bytes(b"broken")
    assert fetch(f"{served.url}/a.zip", "a.zip", sha256(CONTENT), tmp_path).read_bytes() == CONTENT


def test_one_process_at_a_time_fills_the_cache(tmp_path: Path) -> None:
    entered = threading.Event()

    def second() -> None:
        with downloads.locked(tmp_path):
            entered.set()

    with downloads.locked(tmp_path):
        thread = threading.Thread(target=second)
        thread.start()
        assert not entered.wait(0.2)
    thread.join()
    assert entered.is_set()
