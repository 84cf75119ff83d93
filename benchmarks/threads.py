"""Prints how long a training step of each model takes with one thread and with one for each core, side by side.

    python benchmarks/threads.py [--crop 96] [--batch 4] [--steps 5]

Each figure comes from a process of its own; the numbers of threads take turns.
"""

import argparse
import os
import subprocess
import sys
import time
from pathlib import Path
from statistics import median

import torch

from cellarena.learning.checkpoints import build_network
from cellarena.learning.recipe import precision_of
from cellarena.models.planning.nnunet_plan import plan
from cellarena.models.spec import MODELS, Hyperparameters
from cellarena.params import Params, load_params

ROOT = Path(__file__).parent.parent
ROUNDS = 3


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--crop", type=int, default=96)
    parser.add_argument("--batch", type=int, default=4)
    parser.add_argument("--steps", type=int, default=5)
    parser.add_argument("--only", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.only:
        print(seconds_a_step(asked.only, asked.crop, asked.batch, asked.steps))
        return
    n_cores = os.cpu_count() or 1
    print(f"seconds a step, median of {ROUNDS}: {asked.batch} crops of {asked.crop} px; nnunet by its plan")
    for model in MODELS:
        timed: dict[int, list[float]] = {1: [], n_cores: []}
        for _ in range(ROUNDS):
            for n_threads, found in timed.items():
                found.append(in_a_process(model, n_threads))
        one, all_of_them = median(timed[1]), median(timed[n_cores])
        print(f"{model:12} 1 thread {one:6.3f}   {n_cores} threads {all_of_them:6.3f}   ratio {all_of_them / one:5.2f}")


def in_a_process(model: str, n_threads: int) -> float:
    environment = {**os.environ, "OMP_NUM_THREADS": str(n_threads), "OMP_WAIT_POLICY": "PASSIVE"}
    command = [sys.executable, *sys.argv, "--only", model]
    return float(subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout)


def seconds_a_step(model: str, crop: int, batch: int, n_steps: int) -> float:
    params = load_params(ROOT / "params.yaml")
    own = hyperparameters(model, params)
    torch.manual_seed(0)
    network = (
        build_network(model, own, getattr(params.targets, MODELS[model].target))
        .to(memory_format=torch.channels_last)
        .train()
    )
    images = torch.rand(own.batch_size(batch), 3, *own.frame(crop))
    optimizer = torch.optim.AdamW(network.parameters())
    in_half = precision_of(params.training.precision, "cpu") == "bf16-mixed"
    for step in range(n_steps + 1):
        if step == 1:  # the first compiles
            start = time.perf_counter()
        with torch.autocast("cpu", torch.bfloat16, enabled=in_half):
            output = network(images)
            outputs = output if isinstance(output, tuple) else (output,)
            loss = sum(part.float().square().mean() for part in outputs)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return (time.perf_counter() - start) / n_steps


def hyperparameters(model: str, params: Params) -> Hyperparameters:
    declared = getattr(params.models, model)
    if not MODELS[model].planned:
        return declared
    made = plan([(256, 256)] * 100, 3, getattr(params.targets, MODELS[model].target).n_channels, params.plan)
    return declared.planned(made)


if __name__ == "__main__":
    main()
