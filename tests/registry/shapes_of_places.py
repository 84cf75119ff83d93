"""Shapes by where the project, its pipelines, its files and its cache lie."""

import shutil

import yaml

from shaped import RAW, Shape, identify, new_shape, shape, shared
from small_repository import SmallRepository, md5


@shape
def plain(parent):
    return new_shape(parent)


@shape
def a_folder_of_the_labs_repository(parent):
    return new_shape(parent, "lab/cells/2d", "lab")


@shape
def a_folder_in_many_letters(parent):
    return new_shape(parent, "lab/Zellen \N{LATIN SMALL LETTER U WITH DIAERESIS} #1, 50%/.2d", "lab")


@shape
def two_projects_in_one_repository(parent):
    """The other one has the same artifact, and objects in a cache of its own."""
    made = new_shape(parent, "lab/cells", "lab")
    other = parent / "lab/nuclei"
    shutil.copytree(parent / "lab/cells", other)
    for left in (".dvc/cache", "data"):
        shutil.rmtree(other / left)
    SmallRepository(other).commit({"a.bin": b"three"}, counts="7\n")
    made.repository.git("push", "--quiet", "origin", "main")
    return made


@shape
def a_project_that_moved_into_a_folder(parent):
    """Its old releases are of the root; their objects are still in the cache, which moved along."""
    made = new_shape(parent, "lab", "lab")
    made.repository.release("counts@v0.9.0")
    old = set(made.precious)
    root = parent / "lab/cells"
    root.mkdir()
    for path in [path for path in (parent / "lab").iterdir() if path.name not in {".git", "cells"}]:
        path.rename(root / path.name)
    moved = Shape(SmallRepository(root), cache=root / ".dvc/cache")
    moved.precious = old | set(moved.repository.commit(RAW, counts="5\n", model=b"new").values())
    moved.repository.git("push", "--quiet", "origin", "main")
    return moved


@shape
def a_pipeline_in_each_folder(parent):
    made = new_shape(parent)
    root = made.repository.root
    (root / "nuclei").mkdir()
    (root / "nuclei/dvc.yaml").write_text("stages:\n  fit: {cmd: 'true', wdir: run, outs: [../out/w.bin]}\n")
    name = made.keep(b"nuclei")
    stage = {"cmd": "true", "outs": [{"path": "../out/w.bin", "md5": name, "hash": "md5"}]}
    (root / "nuclei/dvc.lock").write_text(yaml.safe_dump({"schema": "2.0", "stages": {"fit": stage}}))
    made.precious.add(name)
    made.add("inbox/plate 7/images", b"a plate")
    made.repository.git("add", "--all")
    made.repository.git("commit", "--quiet", "--message", "More")
    made.repository.git("push", "--quiet", "origin", "main")
    return made


@shape
def a_path_in_many_letters(parent):
    (parent / "Zellen \N{LATIN SMALL LETTER U WITH DIAERESIS} #1, 50%").mkdir()
    return new_shape(parent / "Zellen \N{LATIN SMALL LETTER U WITH DIAERESIS} #1, 50%", "pro jekt", "pro jekt")


@shape
def files_in_many_letters(parent):
    made = new_shape(parent)
    made.add("Zellen \N{LATIN SMALL LETTER U WITH DIAERESIS}/%s #1", b"letters")
    made.repository.git("add", "--all")
    made.repository.git("commit", "--quiet", "--message", "More")
    made.repository.git("push", "--quiet", "origin", "main")
    return made


@shape
def what_has_no_md5(parent):
    """Imported without its data, versioned by a cloud, of DVC 2."""
    made = new_shape(parent)
    (parent / "there.bin").write_bytes(b"there")
    made.repository.run("dvc", "import-url", "--no-download", "--quiet", str(parent / "there.bin"), "there.bin")
    versioned = {"relpath": "a", "md5": made.keep(b"in a cloud"), "cloud": {"s3": {"etag": "123", "version_id": "1"}}}
    content = {"outs": [{"path": "cloud", "files": [versioned]}]}
    (made.repository.root / "cloud.dvc").write_text(yaml.safe_dump(content))
    (made.repository.root / "old.dvc").write_text(f"outs:\n- md5: {md5(b'old')}.dir\n  path: old\n")
    made.precious.add(md5(b"in a cloud"))
    made.repository.git("add", "--all")
    made.repository.git("commit", "--quiet", "--message", "More")
    made.repository.git("push", "--quiet", "origin", "main")
    return made


@shape
def what_git_ignores(parent):
    """A .dvc file that git does not track is on the disk only."""
    made = new_shape(parent)
    made.add("data/scratch/mine", b"ignored")
    return made


@shape
def a_cache_that_is_shared_by_symlinks(parent):
    return shared(parent, "symlink")


@shape
def a_cache_that_is_shared_by_hardlinks(parent):
    return shared(parent, "hardlink")


@shape
def a_cache_that_is_shared_by_reflinks(parent):
    return shared(parent, "reflink,copy")


@shape
def a_cache_that_is_a_link(parent):
    made = new_shape(parent)
    made.cache.rename(parent / "shared")
    made.cache.symlink_to(parent / "shared")
    made.codes = {"gc": 2, "gc --apply": 2}
    return made


@shape
def a_submodule(parent):
    made = new_shape(parent)
    lab = parent / "lab"
    made.repository.run("git", "init", "--quiet", str(lab))
    allowed = ("-c", "protocol.file.allow=always")
    made.repository.git("-C", str(lab), *allowed, "submodule", "--quiet", "add", str(parent / "origin.git"), "cells")
    found = Shape(SmallRepository(lab / "cells"), made.precious, lab / "cells/.dvc/cache")
    shutil.copytree(made.cache, found.cache)
    identify(found.repository)
    found.add("more", b"on the disk")
    return found


@shape
def a_git_folder_elsewhere(parent):
    made = new_shape(parent)
    made.repository.run("git", "init", "--quiet", "--separate-git-dir", str(parent / "history"))
    made.add("more", b"on the disk")
    return made
