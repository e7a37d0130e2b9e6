"""Training of Boltzmann machines, and of deep belief nets machine by machine, each by the one training loop."""

from typing import Any

import equinox as eqx
import numpy as np
from jaxtyping import Array

from shinso import nn
from shinso.objectives import ContrastiveDivergenceLoss, Objective, as_inputs
from shinso.training._chunks import in_chunks
from shinso.training._run import Run
from shinso.training._stages import UNSTORED, Stages, cut_short, refuse, stage_seed
from shinso.training._train import train


def train_boltzmann(
    machine: nn.BoltzmannMachine,
    inputs: Any,
    *,
    validation: Any = None,
    steps: int = 1,
    chains: int = 0,
    penalties: Any = (),
    **settings: Any,
) -> Run:
    """Return the run of a restricted Boltzmann machine, trained by contrastive divergence.

    This is `shinso.train` on `nn.ContrastiveDivergence(machine, …)`, the objective `ContrastiveDivergenceLoss` and the data
    (X, X). The history's ``loss`` is no measure of progress, only its gradient counts; ``squared_error``, that of the
    reconstruction, is a rough one, ``validation_loss``, minus the pseudo-log-likelihood, a good one.

    Args:
        machine: the machine to start from.
        inputs: X `[N, visible]`; in [0, 1] for Bernoulli units, standardized for Gaussian ones.
        validation: further inputs, `[M, visible]`, evaluated after every epoch; for Bernoulli units this costs visible ×
            hidden exponentials an example, so a few hundred examples will do.
        steps: k ≥ 1 steps of Gibbs sampling.
        chains: persistent chains, such as a mini-batch has examples; 0: the chains start at the data.
        penalties: of the objective.
        **settings: what `shinso.train` takes further: optimizer, learning_rate, epochs, batch_size, seed, ….

    Returns:
        The run; the trained machine is `run.model.machine`.

    Raises:
        TypeError, ValueError: inputs outside the units' range, and whatever else `shinso.train` does not accept.

    Source: Hinton (2002); Tieleman (2008).
    """
    model = nn.ContrastiveDivergence(machine, steps=steps, chains=chains)
    X = _visible("inputs", inputs, machine)
    held = None if validation is None else _visible("validation", validation, machine)
    pair = None if held is None else (held, held)
    return train(model, Objective(ContrastiveDivergenceLoss(), penalties), (X, X), validation=pair, **settings)


def train_belief_net(
    net: nn.DeepBeliefNet, inputs: Any, *, validation: Any = None, seed: int = 0, **settings: Any
) -> Stages:
    """Return a deep belief net trained greedily: each machine on the hidden probabilities of the trained machines below.

    Args:
        net: the net to start from.
        inputs: X `[N, inputs]`; in [0, 1] for Bernoulli units, standardized for Gaussian ones.
        validation: further inputs, which go upwards like X.
        seed: determines order and sampling.
        **settings: what `train_boltzmann` takes further but `folder`, `resume` and `start`, for every machine alike; to
            give each its own, train them one by one and make a `nn.DeepBeliefNet` of them.

    Returns:
        The trained net, and the run of each machine; after Ctrl-C the machines above are as they were.

    Raises:
        TypeError, ValueError: `net` is something else, and as `train_boltzmann`.

    Source: lecture on deep learning, the algorithm of pre-training; Hinton, Osindero and Teh (2006).
    """
    refuse("train_belief_net", settings, *UNSTORED)
    if not isinstance(net, nn.DeepBeliefNet):
        raise TypeError(f"net must be a DeepBeliefNet; got {type(net).__name__}.")
    machines, runs = list(net.machines), []
    for stage, machine in enumerate(net.machines):
        run = train_boltzmann(machine, inputs, validation=validation, seed=stage_seed(seed, stage), **settings)
        runs.append(run)
        machines[stage] = trained = run.model.machine  # type: ignore[attr-defined]
        if cut_short(run):
            break
        inputs, validation = (
            None if X is None else in_chunks(eqx.Partial(_hidden, trained), X) for X in (inputs, validation)
        )
    return Stages(nn.DeepBeliefNet(machines), tuple(runs))


@eqx.filter_jit
def _hidden(machine: nn.BoltzmannMachine, X: Array) -> Array:
    return machine(X)


def _visible(name: str, inputs: Any, machine: nn.BoltzmannMachine) -> Any:
    """Return inputs as a floating array that the visible units can take."""
    X = as_inputs(name, inputs)
    visible = machine.weight.shape[0]
    if X.shape[1:] != (visible,):
        raise ValueError(f"{name} must have shape [N, {visible}], a number for each visible unit; got {list(X.shape)}.")
    low, high = machine.bounds
    values = np.asarray(X)
    if values.size and (values.min() < low or values.max() > high):
        odd = values.min() if values.min() < low else values.max()
        raise ValueError(f"{name} must lie in [{low:g}, {high:g}] for {machine.units} units; got {odd:g}.")
    return X
