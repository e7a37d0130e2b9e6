"""The history of a run folder while it is trained, afterwards, and where it is damaged."""

from pathlib import Path

import jax
import numpy as np
import pytest

from shinso import nn
from shinso.objectives import Objective, likelihood
from shinso.training import CHECKPOINT, history_so_far, load, probes_so_far, train, train_ensemble

DATA = np.random.default_rng(0).normal(size=(20, 2)).astype(np.float32), np.arange(20) % 2


def trained(folder: Path) -> None:
    model = nn.mlp(2, 2, (3,), key=jax.random.key(0))
    train(
        model, Objective(likelihood("categorical")), DATA, epochs=3, batch_size=20, folder=folder, checkpoint_seconds=0
    )


def test_rows_come_from_the_history_and_before_it_from_the_checkpoint(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    trained(folder)
    run = load(folder)
    assert history_so_far(folder).rows == run.history.rows
    assert probes_so_far(folder).rows == run.probes.rows
    for name in ("history.csv", "probes.csv"):
        (folder / name).unlink()
    assert history_so_far(folder).rows == run.history.rows
    kept = probes_so_far(folder).rows
    assert kept
    assert kept == run.probes.rows[: len(kept)]
    (folder / CHECKPOINT).unlink()
    assert history_so_far(folder).rows == probes_so_far(folder).rows == []


def test_rows_of_an_ensemble_are_the_mean(tmp_path: Path) -> None:
    models = [nn.mlp(2, 2, (3,), key=jax.random.key(k)) for k in range(2)]
    made = train_ensemble(
        models, Objective(likelihood("categorical")), DATA, epochs=2, batch_size=20, folder=tmp_path / "run"
    )
    costs = np.mean([run.history["cost"] for run in made.runs], axis=0)
    np.testing.assert_allclose(history_so_far(tmp_path / "run")["cost"], costs, rtol=1e-6)


@pytest.mark.parametrize("content", [b"", b"12345678{}", b"\x02\0\0\0\0\0\0\0{}", b"\x02\0\0\0\0\0\0\0[]"])
def test_damaged_checkpoints_are_said_to_be(tmp_path: Path, content: bytes) -> None:
    (tmp_path / CHECKPOINT).write_bytes(content)
    with pytest.raises(ValueError, match=r".+"):
        history_so_far(tmp_path)
