"""The queue: one after the other, stopped, bounded, and found again by another studio."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from shinso.studio import _jobs
from shinso.studio._jobs import Job, Jobs, Limits

SLEEP = "import time; print('begun', flush=True); time.sleep(60)"


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Let jobs run other Python than `shinso`, which takes a second to start."""
    return lambda code: monkeypatch.setattr(_jobs, "_COMMAND", code)


@pytest.fixture
def jobs(tmp_path: Path) -> Iterator[Jobs]:
    opened = Jobs(tmp_path / "jobs")
    opened.start()
    yield opened
    opened.close()


def until(true: Callable[[], bool], seconds: float = 20) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.05)


def state(jobs: Jobs, run: str) -> str:
    job = jobs.of(run)
    return "" if job is None else job.state


def test_jobs_run_in_turn_and_say_how_they_ended(jobs: Jobs, command: Callable[[str], None]) -> None:
    command("import sys; print('what', sys.argv[1]); sys.exit(int(sys.argv[2]))")
    jobs.add("good", ["a", "0"], then=[["b", "0"]])
    jobs.add("bad", ["c", "2"])
    until(lambda: state(jobs, "good") == "done" and state(jobs, "bad") == "failed")
    assert jobs.log("good").strip() == "what b"
    assert jobs.of("bad") == Job("bad", ["c", "2"], "failed", 0, *_times(jobs, "bad"), message="what c")


def _times(jobs: Jobs, run: str) -> tuple[str, float]:
    job = jobs.of(run)
    assert job is not None
    return job.born, job.started


def test_one_runs_and_the_others_wait(jobs: Jobs, command: Callable[[str], None]) -> None:
    command(SLEEP)
    jobs.add("first", [])
    jobs.add("second", [])
    until(lambda: "begun" in jobs.log("first"))
    assert (state(jobs, "first"), state(jobs, "second")) == ("running", "waiting")
    with pytest.raises(ValueError, match="first has a job already"):
        jobs.add("first", [])
    jobs.stop("second")
    assert jobs.of("second") is None
    jobs.stop("first")
    until(lambda: state(jobs, "first") == "done")
    with pytest.raises(ValueError, match="first is not running"):
        jobs.stop("first")


def test_a_job_killed_from_outside_is_told(jobs: Jobs, command: Callable[[str], None]) -> None:
    command(SLEEP)
    jobs.add("run", [])
    until(lambda: "begun" in jobs.log("run"))
    job = jobs.of("run")
    assert job is not None
    os.killpg(job.process, signal.SIGKILL)
    until(lambda: state(jobs, "run") == "failed")
    after = jobs.of("run")
    assert after is not None
    assert after.message == "The process was ended from outside."


@pytest.mark.parametrize(
    ("limits", "ended", "words"),
    [(Limits(seconds=0.5), "done", "stopped after 0 minutes"), (Limits(memory=2**20), "failed", "more than 0.0 GiB")],
)
def test_time_and_memory_are_bounded(
    tmp_path: Path, command: Callable[[str], None], limits: Limits, ended: str, words: str
) -> None:
    command("import signal; signal.signal(signal.SIGINT, signal.default_int_handler); " + SLEEP)
    jobs = Jobs(tmp_path, limits)
    jobs.start()
    jobs.add("run", [])
    until(lambda: state(jobs, "run") == ended)
    job = jobs.of("run")
    assert job is not None
    assert words in job.message
    jobs.close()


def test_another_studio_finds_queue_and_running_job(tmp_path: Path, command: Callable[[str], None]) -> None:
    command(SLEEP)
    first = Jobs(tmp_path)
    first.start()
    first.add("run", [])
    first.add("next", [])
    until(lambda: "begun" in first.log("run"))
    first._ended.set()  # as if the server had been killed: its jobs live on
    first._thread.join()
    second = Jobs(tmp_path)
    second.start()
    assert (state(second, "run"), state(second, "next")) == ("running", "waiting")
    second.stop("next")
    second.stop("run")
    first._children["run"].wait(20)
    until(lambda: state(second, "run") == "done")
    second.close()


def test_a_process_of_the_same_number_is_not_taken_for_the_job(tmp_path: Path) -> None:
    jobs = Jobs(tmp_path)
    jobs._keep(Job("run", [], "running", os.getpid(), "another time"))
    jobs.start()
    until(lambda: state(jobs, "run") == "done")
    jobs.close()


def test_too_many_may_not_wait(tmp_path: Path) -> None:
    jobs = Jobs(tmp_path)
    for number in range(_jobs.MOST_WAITING):
        jobs.add(f"run-{number}", [])
    with pytest.raises(ValueError, match="20 jobs are waiting"):
        jobs.add("more", [])


def test_damaged_files_are_passed_over(tmp_path: Path) -> None:
    (tmp_path / "odd.json").write_text('{"run": 3')
    (tmp_path / "other.json").write_text('{"what": 3}')
    assert Jobs(tmp_path).all() == {}
