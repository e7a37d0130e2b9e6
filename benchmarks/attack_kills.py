"""Attacks on training: `kill -9` at random moments, in several kinds of training.

    python benchmarks/attack_kills.py --times 1000 --seed 0

A forked child does one training after another, with a checkpoint after every step, until it is killed. The folder that it
was writing must be resumed, or begun again where it had not been made, to the bits of a training that nobody disturbed.
Another child, which computes, resumes all of them. Prints in which state how many were found; ends with an error at the
first that came to other bits or left a file lying about.
"""

import argparse
import json
import os
import select
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import _forks
import numpy as np
from attack import bits, left_over, stage_of

EPOCHS = 6
KINDS: dict[str, dict[str, Any]] = {
    "adam, dropout": {"optimizer": "adam", "batch_size": 8},
    "adam, probes": {"optimizer": "adam", "batch_size": 8, "probes": "full"},
    "momentum, monitored": {"optimizer": "momentum", "batch_size": 8, "shuffle": "once"},
    "lbfgs": {"optimizer": "lbfgs"},
    "averaged": {"averaged": True, "batch_size": 8},
    "early stopping": {"optimizer": "sgd", "batch_size": 8, "stop": True},
    "batch normalization": {"optimizer": "sgd", "batch_size": 8, "normalization": "batch"},
    "ensemble": {"optimizer": "adam", "batch_size": 8, "members": 3},
}


def train(kind: str, folder: Path | None = None, *, resume: bool = False, progress: Any = False) -> Any:
    """One training of a kind, always the same: 22 examples and a small network."""
    import jax

    import shinso
    from shinso import nn, objectives, optim, training
    from shinso.training import Stopping

    settings = dict(KINDS[kind])
    random = np.random.default_rng(0)
    X = random.normal(size=(22, 3)).astype(np.float32)
    y = (X @ [1.0, -2.0, 0.5] > 0).astype(np.int32)
    normalization = settings.pop("normalization", None)

    def model(key: Any) -> Any:
        return nn.mlp(3, 2, (4,), dropout=0.0 if kind == "lbfgs" else 0.2, normalization=normalization, key=key)

    if settings.pop("averaged", False):
        settings["optimizer"] = optim.averaged(optim.optimizer_named("sgd", learning_rate=0.1), start=3)
    if settings.pop("stop", False):
        settings["stopping"] = Stopping("validation_loss", 2)
    members = settings.pop("members", 1)
    settings |= {"epochs": EPOCHS, "validation": (X, y), "checkpoint_seconds": 0.0}
    settings |= {"folder": folder, "resume": resume, "progress": progress}
    objective = shinso.Objective(objectives.likelihood("categorical"))
    if members > 1:
        return training.train_ensemble(model, objective, (X, y), members=members, **settings)
    return shinso.train(model(jax.random.key(0)), objective, (X, y), **settings)


def bits_of(trained: Any) -> bytes:
    """All parameters of a run or of an ensemble's runs, and its histories' losses."""
    runs = getattr(trained, "runs", (trained,))
    return b"".join(bits(run.model) + run.history["cost"].tobytes() for run in runs)


def kill(kind: str, place: Path, random: np.random.Generator) -> Path | None:
    """Kill a child that trains again and again; return the folder that it was at, if it had come to one."""
    place.mkdir()
    told, tell = os.pipe()

    def work() -> None:
        from shinso import _stretches

        _stretches.SECONDS = 1e-9
        for number in range(10_000):
            os.write(tell, b"x")
            train(kind, place / str(number))

    pid = os.fork()
    if pid == 0:
        _quietly(work)
    os.close(tell)
    early = random.random() < 0.1
    until, seen = time.monotonic() + 120, 0
    while seen < (1 if early else 2) and time.monotonic() < until:
        if select.select([told], [], [], 1.0)[0]:
            read = len(os.read(told, 100))
            if read == 0:
                raise AssertionError(f"{kind}: the child ended before it was killed, see {place}")
            seen += read
    time.sleep(random.uniform(0, 2.0 if early else 0.4))
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    os.close(told)
    begun = sorted((one for one in place.iterdir()), key=lambda one: int(one.name))
    return begun[-1] if begun else None


def _quietly(work: Callable[[], None]) -> None:
    try:
        nothing = os.open(os.devnull, os.O_RDWR)
        os.dup2(nothing, 1)
        work()
    finally:
        sys.stderr.flush()
        os._exit(70)


class Verifier:
    """A child that computes: it resumes what others have left, with programs that are compiled once."""

    def __init__(self) -> None:
        asked, self._ask = os.pipe()
        self._answers, answer = os.pipe()
        if os.fork() == 0:
            os.close(self._ask)
            try:
                self._serve(os.fdopen(asked), answer)
            finally:
                sys.stderr.flush()
                os._exit(70)
        os.close(asked)
        os.close(answer)
        self._lines = os.fdopen(self._answers)

    def _serve(self, asked: Any, answer: int) -> None:
        expected: dict[str, bytes] = {}
        for line in asked:
            kind, name = json.loads(line)
            folder = Path(name)
            try:
                if kind not in expected:
                    expected[kind] = bits_of(train(kind))
                stage = stage_of(folder) if folder.exists() else "before its folder was made"
                again = train(kind, folder, resume=folder.exists())
                wrong = "" if bits_of(again) == expected[kind] else "other bits"
                wrong = wrong or (f"{left_over(folder)} left over" if left_over(folder) else "")
            except Exception as error:
                stage, wrong = "unusable", f"{type(error).__name__}: {error}"
            os.write(answer, (json.dumps([stage, wrong]) + "\n").encode())

    def __call__(self, kind: str, folder: Path) -> tuple[str, str]:
        """Return in which state a folder was, and what is wrong with what it was resumed to."""
        os.write(self._ask, (json.dumps([kind, str(folder)]) + "\n").encode())
        stage, wrong = json.loads(self._lines.readline())
        return stage, wrong


def kills(times: int, seed: int, within: Path, kinds: list[str]) -> Counter[str]:
    """Kill so many trainings; return in which states they were."""
    found: Counter[str] = Counter()
    verified = Verifier()
    for place, kind in enumerate(kinds[:times]):  # compiled once, and then found by all children
        verified(kind, within / f"first-{place}")
    for number in range(times):
        random = np.random.default_rng([seed, number])
        kind = kinds[number % len(kinds)]
        place = within / f"kill-{number}"
        folder = kill(kind, place, random) or place / "0"
        stage, wrong = verified(kind, folder)
        print(f"\r{number + 1} killed", end="", file=sys.stderr, flush=True)
        if wrong:
            raise AssertionError(f"seed {seed}, number {number}, {kind}: {stage}: {wrong}; see {folder}")
        found[stage] += 1
    return found


def main() -> None:
    """Make the attack and print its counts."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--times", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--kinds", type=int, default=len(KINDS))
    options = parser.parse_args()
    _forks.import_everything()
    with tempfile.TemporaryDirectory() as name:
        # Nobody else's programs are at stake, and what one child has compiled the next one need not.
        programs = Path(name) / "programs"
        os.environ |= {"SHINSO_COMPILATION_CACHE": str(programs), "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0"}
        found = kills(options.times, options.seed, Path(name), list(KINDS)[: options.kinds])
    print(f"killed: {found.total()}: " + ", ".join(f"{n} {stage}" for stage, n in sorted(found.items())))


if __name__ == "__main__":
    main()
