import json
from hashlib import md5

import pytest

from cellarena.object_cache import stored_at
from cellarena.registry.locked import LockedStage
from cellarena.registry.outputs import Output
from cellarena.registry.parameters import flat
from cellarena.review.differences import ParameterChange, causes, changed_outputs, changed_parameters, growth


def put(cache, content):
    """Put an object into a cache and return its hash."""
    name = md5(content).hexdigest()
    stored_at(cache, name).parent.mkdir(parents=True, exist_ok=True)
    stored_at(cache, name).write_bytes(content)
    return name


def folder(cache, path, *contents):
    """Return a folder of these files, in a cache."""
    listed = json.dumps([{"md5": put(cache, c), "relpath": str(k)} for k, c in enumerate(contents)]).encode()
    name = f"{md5(listed).hexdigest()}.dir"
    stored_at(cache, name).parent.mkdir(parents=True, exist_ok=True)
    stored_at(cache, name).write_bytes(listed)
    return Output(path, name, sum(map(len, contents)), len(contents), "stage")


def test_outputs_that_differ_come_or_go_are_changes_and_the_same_are_none():
    same, old, new = (Output(path, hash_, 1, 1, "s") for path, hash_ in (("a", "1"), ("b", "2"), ("b", "3")))
    gone, made = Output("c", "4", 1, 1, "s"), Output("d", "5", 1, 1, "s")
    changes = changed_outputs([same, old, gone], [made, new, same])
    assert [(c.path, c.before, c.after) for c in changes] == [("b", old, new), ("c", gone, None), ("d", None, made)]


def test_parameters_are_named_by_their_sections():
    before = {"a": {"b": 1, "c": [1, 2]}, "d": 0.5, "gone": {}}
    after = {"a": {"b": 2, "c": [1, 2]}, "d": 0.5, "new": "x"}
    assert changed_parameters(before, after) == [
        ParameterChange("a.b", "1", "2"), ParameterChange("gone", "{}", ""), ParameterChange("new", "", '"x"')
    ]  # fmt: skip


def test_a_number_is_the_same_however_a_file_writes_it():
    # YAML 1.1 reads 3e-05, which DVC writes, as text.
    assert flat({"rate": "3e-05", "some": ["1E3"]}) == flat({"rate": 0.00003, "some": [1000.0]})
    assert flat({"name": "e5"}) == {"name": '"e5"'}


@pytest.mark.parametrize(
    ("change", "named"),
    [({"deps": [{"path": "x.py", "md5": "2"}]}, ["x.py"]), ({"cmd": "b"}, ["cmd"]), ({}, []),
     ({"params": {"params.yaml": {"models.unet": {"rate": 2}}}}, ["models.unet.rate"])],
)  # fmt: skip
def test_what_made_a_stage_differ_is_named(change, named):
    entry = {"name": "s", "cmd": "a", "deps": [{"path": "x.py", "md5": "1"}],
             "params": {"params.yaml": {"models.unet": {"rate": 1}}}}  # fmt: skip
    assert causes(LockedStage(**entry), LockedStage(**(entry | change))) == named


def test_only_bytes_that_nothing_held_before_are_new(tmp_path):
    before = [folder(tmp_path, "a", b"one", b"three"), Output("m", put(tmp_path, b"x"), 1, 1, "s")]
    after = [folder(tmp_path, "b", b"one", b"seventeen"), folder(tmp_path, "c", b"seventeen"), before[1]]
    found = growth(before, after, tmp_path)
    assert (found.n_bytes, found.is_exact) == (len(b"seventeen"), True)


def test_without_the_list_of_a_folder_all_of_it_counts_as_an_upper_bound(tmp_path):
    before, after = [folder(tmp_path, "a", b"one")], [folder(tmp_path, "a", b"one", b"two")]
    stored_at(tmp_path, after[0].md5).unlink()
    found = growth(before, after, tmp_path)
    assert (found.n_bytes, found.is_exact) == (6, False)


def test_what_git_holds_adds_nothing_to_the_storage(tmp_path):
    assert growth([], [Output("metrics", "1", 9, 1, "s", is_cached=False)], tmp_path).n_bytes == 0
