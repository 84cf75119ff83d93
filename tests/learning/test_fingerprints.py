from pathlib import Path

import cellarena
from cellarena.learning.fingerprints import GENERATING, TRAINING, discard, fingerprint, own_code, prepare


def test_a_fingerprint_depends_on_every_setting_and_every_byte(tmp_path):
    first, second = tmp_path / "a.png", tmp_path / "b.png"
    first.write_bytes(b"one")
    second.write_bytes(b"two")
    settings = {"seed": 0, "budget": {"steps": 10}}
    known = fingerprint(settings, [first, second])
    assert fingerprint({"budget": {"steps": 10}, "seed": 0}, [first, second]) == known
    assert len(known) == 16
    others = [
        fingerprint({**settings, "seed": 1}, [first, second]),
        fingerprint({**settings, "budget": {"steps": 11}}, [first, second]),
        fingerprint(settings, [first]),
        fingerprint(settings, [second, first]),
    ]
    second.write_bytes(b"twO")
    others.append(fingerprint(settings, [first, second]))
    assert len({known, *others}) == 6


def test_the_code_that_decides_a_training_is_part_of_its_fingerprint():
    names = {path.relative_to(Path(cellarena.__file__).parent).as_posix() for path in own_code(TRAINING)}
    assert {"learning/fit.py", "models/unet.py", "targets/three_class.py", "datasets/cropping/crops.py"} <= names
    assert not any(name.startswith("reporting") for name in names)


def test_the_code_that_decides_the_fit_of_a_generator_is_not_that_of_trainings():
    names = {path.relative_to(Path(cellarena.__file__).parent).as_posix() for path in own_code(GENERATING)}
    assert {"synthesis/generators/pix2pix/learner.py", "synthesis/networks/fitting.py", "images/labels.py"} <= names
    assert not any(name.startswith("learning") for name in names)


def test_only_the_very_same_training_is_continued(tmp_path):
    run = tmp_path / "unet-real-0"
    old = prepare(run / ("a" * 16))
    (old / "last.ckpt").touch()
    (run / "tensorboard").mkdir()
    assert (prepare(run / ("a" * 16)) / "last.ckpt").is_file()
    new = prepare(run / ("b" * 16))
    assert list(new.iterdir()) == []
    assert sorted(path.name for path in run.iterdir()) == ["b" * 16, "tensorboard"]
    discard(new)
    assert not new.exists()
