"""The experiments that entries are made of, by name; each is imported when it is run."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from shinso._kinds import Kinds

EXPERIMENTS = Kinds(
    {
        "training": "reproduce._trainings:trainings",
        "vote": ":vote",
        "gradient_speeds": "reproduce._gradient_speeds:gradient_speeds",
        "single_neuron": "reproduce._single_neuron:single_neuron",
        "baselines": "reproduce._baselines:baselines",
        "code_8_3_8": "reproduce._code_8_3_8:code_8_3_8",
        "newton_digits": "reproduce._convergence:newton_digits",
        "coordinate_descent_rates": ":coordinate_descent_rates",
        "inverse_hessian": "reproduce._hessians:inverse_hessian",
        "hessian_ways": ":hessian_ways",
        "mini_batch_costs": "reproduce._notes:mini_batch_costs",
        "robbins_monro": ":robbins_monro",
        "dropout_subnets": ":dropout_subnets",
        "recurrent_gradients": ":recurrent_gradients",
        "pooling_invariance": ":pooling_invariance",
        "first_sums": ":first_sums",
        "symmetries": "reproduce._landscapes:symmetries",
        "matrix_powers": ":matrix_powers",
        "gradient_noise": ":gradient_noise",
        "valleys": ":valleys",
        "averages_in_a_valley": ":averages_in_a_valley",
        "linear_chain": ":linear_chain",
        "after_perfection": ":after_perfection",
        "difference_errors": "reproduce._derivatives:difference_errors",
        "outer_products": ":outer_products",
        "update_sizes": "reproduce._starts:update_sizes",
        "spread_of_starts": ":spread_of_starts",
    }
)
"""Each takes its settings, the seeds and a `Context`, and returns a `Result` for each seed."""


class Context(NamedTuple):
    """What an experiment has around it.

    Attributes:
        folder: where long trainings keep checkpoints, a folder `seed-N` for each seed.
        data_dir: folder of the MNIST files; None looks in the usual places.
        side_by_side: whether seeds are trained as one program.
        progress: as for `shinso.train`.
    """

    folder: Path
    data_dir: str | None = None
    side_by_side: bool = False
    progress: bool | Callable[[Any], object] = False


def seed_folder(context: Context, seed: int) -> Path:
    """Return where the checkpoints of a seed lie."""
    return context.folder / f"seed-{seed}"


Seeds = Sequence[int]
