"""One epoch of mini-batch training: `shinso.train` against scikit-learn's MLP and a PyTorch loop, on the same work.

A multilayer perceptron with one hidden layer of sigmoid units and softmax outputs, cross-entropy, plain stochastic
gradient descent, float32, 20,000 examples of 784 numbers in a new random order every epoch: 784-30-10 in mini-batches
of 10, and 784-100-10 in mini-batches of 128. Three times are taken:

epoch: the pass over the data. shinso: `run.timing.train_seconds`; scikit-learn: `partial_fit`, which is one pass (and
    checks its input); PyTorch: the loop.
call: all that a person waits for once everything is compiled. shinso: `shinso.train(…)`; scikit-learn:
    `MLPClassifier.fit`; PyTorch: making tensors, model and optimizer, and the loop.
processor: processor time of the call, all threads together; where other programs compete for the cores it is the
    fairer figure.

Compilation is shown apart. Contestants take turns; ratios are taken within a round.

    python benchmarks/minibatch.py --torch-python /path/to/python/with/torch
"""

import argparse
import sys
import warnings
from collections.abc import Callable
from contextlib import ExitStack
from typing import NamedTuple

import numpy as np
from _timing import Contestant, Seconds, Stopwatch, cores, interleave, machine, ratios, serve, spread

RATE = 0.5
CLASSES, FEATURES = 10, 784


class Work(NamedTuple):
    """What every contestant does."""

    hidden: int
    batch: int
    examples: int
    threads: int

    def arrays(self) -> tuple[np.ndarray, np.ndarray]:
        """Noisy copies of ten random images, and which one each is a copy of."""
        random = np.random.default_rng(0)
        labels = random.integers(0, CLASSES, self.examples)
        noise = random.random((self.examples, FEATURES), dtype=np.float32)
        return (0.3 * random.random((CLASSES, FEATURES), dtype=np.float32)[labels] + 0.7 * noise), labels


def shinso_epoch(work: Work) -> Callable[[], Seconds]:
    """One call of `shinso.train`."""
    import jax

    import shinso

    data = work.arrays()
    model = shinso.nn.mlp(FEATURES, CLASSES, (work.hidden,), activation="sigmoid", key=jax.random.key(0))
    objective = shinso.Objective(shinso.objectives.Categorical())

    def measure() -> Seconds:
        call = Stopwatch()
        run = shinso.train(model, objective, data, optimizer="sgd", learning_rate=RATE, epochs=1, batch_size=work.batch)
        took = {"call": call.seconds(), "processor": call.processor_seconds()}
        timing = {"epoch": run.timing.train_seconds, "compile": run.timing.compile_seconds}
        return {**took, **timing, "loss": float(run.history["loss"][-1])}

    return measure


def scikit_learn_epoch(work: Work) -> Callable[[], Seconds]:
    """`fit` with one iteration, and `partial_fit` of what it gave."""
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.neural_network import MLPClassifier

    warnings.simplefilter("ignore", ConvergenceWarning)
    inputs, labels = work.arrays()

    def measure() -> Seconds:
        model = MLPClassifier(
            hidden_layer_sizes=(work.hidden,),
            activation="logistic",
            solver="sgd",
            alpha=0.0,
            batch_size=work.batch,
            learning_rate_init=RATE,
            max_iter=1,
            momentum=0.0,
            nesterovs_momentum=False,
            random_state=0,
        )
        call = Stopwatch()
        model.fit(inputs, labels)
        took = {"call": call.seconds(), "processor": call.processor_seconds(), "loss": model.loss_}
        epoch = Stopwatch()
        model.partial_fit(inputs, labels)
        return {**took, "epoch": epoch.seconds()}

    return measure


def torch_epoch(work: Work, *, compiled: bool) -> Callable[[], Seconds]:
    """A loop written by hand."""
    import torch

    torch.set_num_threads(work.threads)
    inputs, labels = work.arrays()

    def make_model() -> torch.nn.Module:
        model = torch.nn.Sequential(
            torch.nn.Linear(FEATURES, work.hidden), torch.nn.Sigmoid(), torch.nn.Linear(work.hidden, CLASSES)
        )
        for layer in (model[0], model[2]):
            torch.nn.init.xavier_uniform_(layer.weight)
            torch.nn.init.zeros_(layer.bias)
        return model

    def cost(model: torch.nn.Module, x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        return torch.nn.functional.cross_entropy(model(x), y)

    cost_of = torch.compile(cost) if compiled else cost
    compiled_model = make_model() if compiled else None  # compiled for this one; a new one would be compiled again

    def measure() -> Seconds:
        call = Stopwatch()
        model = compiled_model or make_model()
        optimizer = torch.optim.SGD(model.parameters(), lr=RATE)
        x, y = torch.from_numpy(inputs), torch.from_numpy(labels)
        epoch = Stopwatch()
        total = torch.zeros(())
        for chosen in torch.randperm(work.examples).split(work.batch):
            optimizer.zero_grad()
            value = cost_of(model, x[chosen], y[chosen])
            value.backward()
            optimizer.step()
            total += value.detach() * len(chosen)
        loss = float(total) / work.examples
        took = {"call": call.seconds(), "processor": call.processor_seconds()}
        return {**took, "epoch": epoch.seconds(), "loss": loss}

    return measure


class Entry(NamedTuple):
    """How a contestant is run."""

    make: Callable[[Work], Callable[[], Seconds]]
    packages: tuple[str, ...]
    threads: int | None = None
    """None: as many as there are cores."""


def torch_eager(work: Work) -> Callable[[], Seconds]:
    """The loop as it stands."""
    return torch_epoch(work, compiled=False)


def torch_compiled(work: Work) -> Callable[[], Seconds]:
    """The loop with forward and backward passes compiled by Inductor."""
    return torch_epoch(work, compiled=True)


ENTRIES = {
    "shinso": Entry(shinso_epoch, ("jax", "equinox")),
    "scikit-learn": Entry(scikit_learn_epoch, ("scikit-learn", "numpy")),
    "scikit-learn, 1 thread": Entry(scikit_learn_epoch, ("scikit-learn", "numpy"), threads=1),
    "PyTorch eager": Entry(torch_eager, ("torch",)),
    "PyTorch eager, 1 thread": Entry(torch_eager, ("torch",), threads=1),
    "PyTorch compiled": Entry(torch_compiled, ("torch",)),
}


def compare(names: list[str], torch_python: str, work: Work, rounds: int) -> None:
    """Print one table."""
    with ExitStack() as stack:
        contestants = {}
        for name in names:
            python = torch_python if name.startswith("PyTorch") else sys.executable
            own = work._replace(threads=ENTRIES[name].threads or work.threads)
            command = [python, __file__, "--serve", name, "--work", *map(str, own)]
            contestants[name] = stack.enter_context(Contestant(command, own.threads))
        found = interleave(contestants, rounds)
    steps = -(-work.examples // work.batch)
    layers = f"{FEATURES}-{work.hidden}-{CLASSES}"
    print(f"\n### {layers}, mini-batch {work.batch}, {work.examples:,} examples ({steps:,} steps)\n")
    print(f"n = {rounds} interleaved rounds; median (smallest–largest).\n")
    print("| | epoch, µs a step | over shinso's | call, s | over shinso's | processor, s | over shinso's | mean cost |")
    print("|---|---|---|---|---|---|---|---|")
    for name, rows in found.items():
        print(row_of(name, rows, found["shinso"], steps))
    print()
    for name, contestant in contestants.items():
        print(warm_up_of(name, contestant, found[name]))


def row_of(name: str, rows: list[Seconds], reference: list[Seconds], steps: int) -> str:
    """Return one row of the table."""
    cells = [name]
    for key, unit, form in (("epoch", 1e6 / steps, ".1f"), ("call", 1.0, ".3f"), ("processor", 1.0, ".3f")):
        values = [row[key] for row in rows]
        cells.append(spread([value * unit for value in values], form))
        cells.append(spread(ratios(values, [row[key] for row in reference]), ".2f"))
    return f"| {' | '.join(cells)} | {rows[0]['loss']:.3f} |"


def warm_up_of(name: str, contestant: Contestant, rows: list[Seconds]) -> str:
    """Return a line about versions and the first call."""
    versions = ", ".join(f"{package} {version}" for package, version in contestant.versions.items())
    line = f"- {name}: {versions}; first call {contestant.warm_up['call']:.2f} s"
    if "compile" not in contestant.warm_up:
        return line
    later = spread([row["compile"] for row in rows], ".3f")
    return f"{line}, of it compiling {contestant.warm_up['compile']:.2f} s; in later calls {later} s"


def main() -> None:
    """Read the command line and compare, or serve."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--torch-python", help="interpreter that can import torch; without it PyTorch is left out")
    parser.add_argument("--torch-compile", action="store_true", help="also measure torch.compile")
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--examples", type=int, default=20_000)
    parser.add_argument("--threads", type=int, default=cores())
    parser.add_argument("--serve", choices=ENTRIES, help=argparse.SUPPRESS)
    parser.add_argument("--work", type=int, nargs=4, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        entry = ENTRIES[options.serve]
        serve(entry.make(Work(*options.work)), entry.packages)
        return
    names = [name for name in ENTRIES if options.torch_python or not name.startswith("PyTorch")]
    if not options.torch_compile:
        names = [name for name in names if name != "PyTorch compiled"]
    print(machine())
    for hidden, batch in ((30, 10), (100, 128)):
        work = Work(hidden, batch, options.examples, options.threads)
        compare(names, options.torch_python, work, options.rounds)


if __name__ == "__main__":
    main()
