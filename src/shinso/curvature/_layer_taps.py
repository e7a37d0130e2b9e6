"""What Kronecker factors are made of: the inputs of every layer, and the gradients by its pre-activations.

Every supported layer of a model is replaced by a copy that adds a probe, zero, to its pre-activations and notes what it was
given. The gradient by the probe is the gradient by the pre-activations; a layer's weight has the gradient Σ_r a_r g_rᵀ over
the rows r it is multiplied with: one for a dense layer, the places of a convolution, the steps of a recurrence.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int, PRNGKeyArray

from shinso._paths import leaves_by_path
from shinso.curvature._output_curvature import OutputCurvature
from shinso.curvature._problem import Problem
from shinso.curvature._restrict import leaf_paths
from shinso.nn import GRU, LSTM, Conv2d, Dense, Elman, Layer, Sequences, TimeDistributed
from shinso.objectives import Batch

CACHE = 2**24
"""Bytes of gradients made together; the examples are at least `FEWEST`."""
FEWEST = 32


class Site(NamedTuple):
    """Arrays of a layer that make one matrix: those of `weight`, by their last axis, and below them `bias`."""

    weight: str | None
    bias: str | None

    @property
    def names(self) -> tuple[str, ...]:
        """The arrays' names in the layer."""
        return tuple(name for name in self if name is not None)

    def paths(self, layer: str) -> tuple[str, ...]:
        """The arrays' dotted paths in the model, of which `layer` is the layer's."""
        return tuple(f"{layer}.{name}".lstrip(".") for name in self.names)


class Part(NamedTuple):
    """Which rows of which site make a block.

    Attributes:
        site: The site's number, layer after layer.
        first: Its first row.
        end: The row behind its last one; counted from the bias's row, the last of the site, if negative.
        names: Dotted paths of the block's arrays.
    """

    site: int
    first: int
    end: int | None
    names: tuple[str, ...]

    @property
    def rows(self) -> slice:
        """Its rows."""
        return slice(self.first, self.end)


class Use(NamedTuple):
    """One use of a layer.

    Attributes:
        rows: What each site's weight is multiplied with.
        present: 0 for rows of the padding, 1 for others.
        probe: The probe, in the shape of the pre-activations.
    """

    rows: tuple[Float[Array, "R a"], ...]
    present: Float[Array, " R"]
    probe: Float[Array, "*shape"]


class Tap(NamedTuple):
    """How a kind of layer is tapped.

    Attributes:
        sites: Its matrices.
        run: `(layer, x, probe) → (output, Use)`; a probe that is a number stands for all pre-activations.
        gradients: `(layer, use, gradient by the probe [R, g]) → gradient by each site's product [R, …]`.
    """

    sites: tuple[Site, ...]
    run: Callable[[Any, Any, Array], tuple[Any, Use]]
    gradients: Callable[[Any, Use, Float[Array, "R g"]], tuple[Float[Array, "R g"], ...]]


class Seen(NamedTuple):
    """What some examples show of one site.

    Attributes:
        rows: Its rows with the 1 of the bias appended, 0 in the padding.
        gradients: The gradients by its products, for each of C output vectors.
    """

    rows: Float[Array, "n R a"]
    gradients: Float[Array, "n C R g"]


def _run_dense(layer: Dense, x: Float[Array, "R inputs"], probe: Array) -> tuple[Array, Use]:
    sums = layer(x) + probe
    return sums, Use((x,), jnp.ones(len(x), x.dtype), jnp.broadcast_to(probe, sums.shape))


def _run_convolution(layer: Conv2d, x: Float[Array, "N H W C"], probe: Array) -> tuple[Array, Use]:
    # The layer pools before it adds the bias, which commutes: without its pool it gives the pre-activations.
    plain = layer if layer.pool is None else eqx.tree_at(lambda node: node.pool, layer, None)
    sums = plain(x) + probe
    area = layer.weight.size // layer.weight.shape[-1]
    identity = jnp.eye(area, dtype=x.dtype).reshape(*layer.weight.shape[:-1], area)
    patches = eqx.tree_at(lambda node: (node.weight, node.bias), plain, (identity, jnp.zeros(area, x.dtype)))(x)
    rows = patches.reshape(-1, area)
    use = Use((rows,), jnp.ones(len(rows), x.dtype), jnp.broadcast_to(probe, sums.shape))
    return sums if layer.pool is None else layer.pool(sums), use


def _run_recurrent(layer: Elman | LSTM | GRU, x: Any, probe: Array) -> tuple[Any, Use]:
    # The probe enters beside the inputs, through weights that are the identity.
    values, present = _opened(x)
    width = layer.weight.shape[1]
    probe = jnp.broadcast_to(probe, (*values.shape[:2], width)).astype(values.dtype)
    identity = jnp.eye(width, dtype=layer.weight.dtype)
    wide = eqx.tree_at(lambda node: node.weight, layer, jnp.concatenate([layer.weight, identity]))
    fed = jnp.concatenate([values, probe], axis=-1)
    output = wide(Sequences(fed, x.lengths) if isinstance(x, Sequences) else fed)
    states = output.values if isinstance(output, Sequences) else output
    # Behind the end of a sequence the state is 0 here, which is where the reverse order starts.
    start = jnp.zeros_like(states[:, :1])
    before = [states[:, 1:], start] if layer.reverse else [start, states[:, :-1]]
    recurrent = jnp.concatenate(before, axis=1).reshape(-1, layer.units)
    return output, Use((values.reshape(-1, values.shape[-1]), recurrent), present.reshape(-1), probe)


def _run_gru(layer: GRU, x: Any, probe: Array) -> tuple[Any, Use]:
    output, use = _run_recurrent(layer, x, probe)
    return output, use._replace(rows=(*use.rows, jnp.zeros((len(use.present), 0), probe.dtype)))


def _gru_gradients(layer: GRU, use: Use, gradient: Float[Array, "R g"]) -> tuple[Float[Array, "R g"], ...]:
    # The reset gate stands between the product of the third gate and its pre-activation.
    x, state, _ = use.rows
    units = layer.units
    products = x @ layer.weight[:, :units] + layer.bias[:units] + state @ layer.recurrent_weight[:, :units]
    third = jax.nn.sigmoid(products) * gradient[:, 2 * units :]
    return gradient, jnp.concatenate([gradient[:, : 2 * units], third], axis=-1), third


_ONE = (Site("weight", "bias"),)
_RECURRENT = (Site("weight", "bias"), Site("recurrent_weight", None))

TAPS: Mapping[type, Tap] = MappingProxyType(
    {
        Dense: Tap(_ONE, _run_dense, lambda _, use, gradient: (gradient,)),
        Conv2d: Tap(_ONE, _run_convolution, lambda _, use, gradient: (gradient,)),
        Elman: Tap(_RECURRENT, _run_recurrent, lambda _, use, gradient: (gradient, gradient)),
        LSTM: Tap(_RECURRENT, _run_recurrent, lambda _, use, gradient: (gradient, gradient)),
        GRU: Tap((*_RECURRENT, Site(None, "recurrent_bias")), _run_gru, _gru_gradients),
    }
)
"""Supported layers; the class must be one of these, not a subclass, whose call may be another."""


def supported_layers(model: Any) -> dict[str, Any]:
    """Return the layers that have a tap, by dotted path; "" for a model that is one."""
    return {path: node for path, node in leaves_by_path(model, _has_tap).items() if _has_tap(node)}


def tapped_layers(problem: Problem) -> dict[str, Any]:
    """Return those of the supported layers that hold one of the problem's parameters, by dotted path."""
    chosen = set(leaf_paths(problem.parameters))

    def holds(name: str, layer: Any) -> bool:
        return any(path in chosen for site in TAPS[type(layer)].sites for path in site.paths(name))

    layers = supported_layers(eqx.combine(problem.parameters, problem.rest))
    return {name: layer for name, layer in layers.items() if holds(name, layer)}


def parts_of(problem: Problem, separate_bias: bool = False) -> list[Part]:
    """Return the matrices that the problem's parameters make; a bias may be one of its own.

    Raises:
        ValueError: A parameter belongs to a layer without a tap.
    """
    chosen = set(leaf_paths(problem.parameters))
    sites = [(name, site) for name, layer in tapped_layers(problem).items() for site in TAPS[type(layer)].sites]
    parts = []
    for number, (name, site) in enumerate(sites):
        paths = site.paths(name)
        held = tuple(path for path in paths if path in chosen)
        if len(paths) == 2 and (separate_bias or len(held) == 1):
            weight, bias = Part(number, 0, -1, paths[:1]), Part(number, -1, None, paths[1:])
            parts += [part for part in (weight, bias) if part.names[0] in chosen]
        elif held:
            parts.append(Part(number, 0, None if site.bias else -1, paths))
    strangers = chosen - {path for part in parts for path in part.names}
    if strangers:
        stranger = _described(eqx.combine(problem.parameters, problem.rest), min(strangers))
        raise ValueError(
            f"model must have parameters in {', '.join(sorted(kind.__name__ for kind in TAPS))} layers only for Kronecker "
            f"factors; got {stranger}."
        )
    return parts


def _described(model: Any, path: str) -> str:
    """Return a parameter's path and the class it belongs to."""
    owner = model
    for name in path.split(".")[:-1]:
        owner = getattr(owner, name) if hasattr(owner, name) else owner[int(name) if name.isdigit() else name]
    return f"{path} of {type(owner).__name__}"


def probes(problem: Problem) -> list[Float[Array, "*shape"]]:
    """Return a probe, zeros, for every tapped layer, from one example.

    Raises:
        ValueError: A layer is not called exactly once in a forward pass.
    """
    zeros: list[Array] = _probes(replace(problem, batch=problem.example))
    return zeros


@eqx.filter_jit  # traced once for each structure
def _probes(problem: Problem) -> list[Float[Array, "*shape"]]:
    names = list(tapped_layers(problem))

    def run(inputs: Any) -> list[Use]:
        uses = _run(problem, [jnp.zeros(())] * len(names), inputs)[1]
        for name, calls in zip(names, uses, strict=True):
            if len(calls) != 1:
                raise ValueError(
                    f"model must call each of its layers once for kronecker; {name or 'it'} is called {len(calls)} times."
                )
        return [use for (use,) in uses]

    return [jnp.zeros(use.probe.shape, use.probe.dtype) for use in jax.eval_shape(run, problem.batch.inputs)]


def in_cache(operator: OutputCurvature, zeros: Sequence[Array]) -> OutputCurvature:
    """Return the operator with chunks whose gradients a processor's cache holds: longer ones are slower."""
    problem = operator.problem
    held = CACHE // (operator.vectors * sum(zero.nbytes for zero in zeros))
    return replace(operator, problem=replace(problem, chunk=min(problem.chunk, max(held, FEWEST))))


def seen(operator: OutputCurvature, zeros: Sequence[Array], batch: Batch, indices: Int[Array, " n"]) -> list[Seen]:
    """Return what some examples show of every site, layer after layer; one example at a time, under `vmap`.

    The output vectors are the roots of the operator's M: Σ_c g_c g_cᵀ is the curvature by the pre-activations.

    Raises:
        jax.errors.UnexpectedTracerError: A layer is called inside `jax.vmap`, `jit` or a loop: its rows cannot leave.
    """

    def one(inputs: Any, target: Array, index: Array) -> list[Seen]:
        def roots(outputs: Float[Array, " K"]) -> Float[Array, "C K"]:
            return operator.roots(outputs[None], target[None], index[None])[0]

        return seen_of_example(operator.problem, zeros, inputs, roots)[1]

    return jax.vmap(one)(batch.inputs, batch.targets, indices)


def seen_of_example(
    problem: Problem, zeros: Sequence[Array], inputs: Any, vectors: Callable[[Float[Array, " K"]], Float[Array, "C K"]]
) -> tuple[Float[Array, " K"], list[Seen]]:
    """Return an example's outputs, and what it shows of every site; `vectors` makes output vectors of the outputs."""
    layers = tapped_layers(problem).values()

    def run(zeros: Sequence[Array]) -> tuple[Array, list[Use]]:
        outputs, uses = _run(problem, zeros, jax.tree.map(lambda leaf: leaf[None], inputs))
        return outputs[0], [use for (use,) in uses]

    outputs, pull_back, uses = jax.vjp(run, list(zeros), has_aux=True)
    found = jax.vmap(lambda vector: pull_back(vector)[0])(vectors(outputs))
    return outputs, [site for parts in map(_sites, layers, uses, found) for site in parts]


def _sites(layer: Any, use: Use, gradients: Float[Array, "C *shape"]) -> list[Seen]:
    tap = TAPS[type(layer)]
    flat = gradients.reshape(len(gradients), -1, gradients.shape[-1])
    each = jax.vmap(lambda gradient: tap.gradients(layer, use, gradient))(flat)
    ones = jnp.ones((len(use.present), 1), use.present.dtype)
    # What stands in the padding is set, not multiplied, to 0.
    kept = use.present[:, None] > 0
    rows = [jnp.where(kept, jnp.concatenate([part, ones], axis=-1), 0) for part in use.rows]
    return [Seen(part, gradient) for part, gradient in zip(rows, each, strict=True)]


class _Notes:
    """What tapped layers write down in one forward pass."""

    def __init__(self, layers: int):
        self.uses: list[list[Use]] = [[] for _ in range(layers)]
        self.present: Array | None = None


class _Tapped(Layer):
    """A layer that adds a probe and notes its use."""

    layer: Layer
    probe: Array
    place: int = eqx.field(static=True)
    notes: _Notes = eqx.field(static=True)

    def __call__(self, x: Any, *, key: PRNGKeyArray | None = None) -> Any:
        output, use = TAPS[type(self.layer)].run(self.layer, x, self.probe)
        present = self.notes.present
        self.notes.uses[self.place].append(use if present is None else use._replace(present=present))
        return output

    def output_shape(self, input_shape: tuple[int, ...]) -> tuple[int, ...]:
        return self.layer.output_shape(input_shape)


class _TappedSteps(Layer):
    """`TimeDistributed`, whose layer does not see which of its rows are padding."""

    steps: TimeDistributed
    notes: _Notes = eqx.field(static=True)

    def __call__(self, x: Any, *, key: PRNGKeyArray | None = None) -> Any:
        self.notes.present = _opened(x)[1].reshape(-1)
        output = self.steps(x)
        self.notes.present = None
        return output


def _run(problem: Problem, zeros: Sequence[Array], inputs: Any) -> tuple[Array, list[list[Use]]]:
    """Return the outputs and every tapped layer's uses."""
    notes = _Notes(len(zeros))
    model = _tapped(problem, zeros, notes)
    return replace(problem, rest=model).outputs(model, inputs), notes.uses


def _tapped(problem: Problem, zeros: Sequence[Array], notes: _Notes) -> Any:
    model, tapped = eqx.combine(problem.parameters, problem.rest), list(tapped_layers(problem))
    # Nodes are met in the order of `supported_layers`.
    names = iter(supported_layers(model))

    def replaced(node: Any) -> Any:
        if type(node) is TimeDistributed:
            return _TappedSteps(TimeDistributed(walk(node.layer)), notes)
        if not _has_tap(node) or (name := next(names)) not in tapped:
            return node
        place = tapped.index(name)
        return _Tapped(node, zeros[place], place, notes)

    def walk(tree: Any) -> Any:
        return jax.tree.map(replaced, tree, is_leaf=lambda node: _has_tap(node) or type(node) is TimeDistributed)

    return walk(model)


def _has_tap(node: Any) -> bool:
    return type(node) in TAPS


def _opened(x: Any) -> tuple[Float[Array, "N T D"], Float[Array, "N T"]]:
    """Return the values, 0 in the padding, and 1 where there is none."""
    if not isinstance(x, Sequences):
        return x, jnp.ones(x.shape[:2], x.dtype)
    kept = jnp.arange(x.values.shape[1]) < x.lengths[:, None]
    return jnp.where(kept[..., None], x.values, 0), kept.astype(x.values.dtype)
