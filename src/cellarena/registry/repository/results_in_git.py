"""The outputs that git keeps, compared with dvc.lock: numbers and figures that no stage made are named."""

from cellarena.registry.repository.outputs import Output, outputs_at
from cellarena.registry.repository.pipelines import declared_stages, tracked_hashes
from cellarena.registry.repository.repository import Repository


def altered_at(repository: Repository, commit: str) -> list[Output]:
    """Return the outputs that a commit keeps in git and that are not what their stage made, sorted by path.

    They were edited, or put together by a merge; or they come from a run whose dvc.lock was not committed with them.
    """
    kept = [output for output in outputs_at(repository, commit) if not output.is_cached]
    found = tracked_hashes(repository, commit, {output.path for output in kept})
    altered = [output for output in kept if found.get(output.path) != output.md5]
    # dvc.lock keeps the entries of stages that are no more; what became of their outputs is nobody's claim.
    return [o for o in altered if o.stage in declared_stages(repository, commit)] if altered else []
