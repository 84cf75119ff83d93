"""One stage is run anew in a clone that has no data, of what the remote has."""

import yaml

from lab import new_lab
from workspace import STORAGE


def test_a_stage_that_reads_a_folder_of_several_outputs_is_run_of_what_the_remote_has(tmp_path):
    lab = new_lab(tmp_path / "first")
    content = yaml.safe_load((lab.root / "dvc.yaml").read_text())
    content["stages"] |= {
        name: {
            "cmd": f"mkdir -p data/parts/{name} && echo {name} > data/parts/{name}/f",
            "outs": [f"data/parts/{name}"],
        }
        for name in ("left", "right")
    }
    content["stages"]["compare"] = {
        "cmd": "cat data/parts/*/f data/splits/test code.txt > metrics/all.txt",
        "deps": ["code.txt", "data/parts", "data/splits/test"], "outs": [{"metrics/all.txt": {"cache": False}}],
    }  # fmt: skip
    lab.write("dvc.yaml", yaml.safe_dump(content, sort_keys=False))
    lab.repro()
    lab.commit("More")
    lab.run("dvc", "push", "--quiet")
    (tmp_path / "second").mkdir()
    (tmp_path / "second" / STORAGE).symlink_to(tmp_path / "first" / STORAGE)
    clone = lab.clone(tmp_path / "second/clone")
    # While there is nothing to run, nothing is pulled either.
    clone.run("dvc", "repro", "--pull", "--allow-missing", "compare")
    assert not (clone.root / "data").exists()
    clone.write("code.txt", "edited\n")
    assert clone.run("dvc", "repro", "--pull", "compare").count("Running stage") == 1
    assert (clone.root / "metrics/all.txt").read_text() == "left\nright\ntest\nedited\n"
