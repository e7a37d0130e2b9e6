"""The same weights in shinso and in laplace-torch: every subset × structure that laplace-torch 0.3 has, in float64.

Small tanh networks, trained by shinso and handed over: dense for a Gaussian with two outputs and β = 4 and for three
classes, convolutional for three classes. For each pair: the largest relative difference of a variance of the linearized
network's outputs (logits centred: softmax does not see their common shift), of their mean over its largest entry, and of
the log evidence, at 60 inputs of which half lie far from the data. Where both mean the same, a difference above 1e-5 ends
the script with an error; numbers in parentheses say how far apart two meanings are. Then class probabilities: all formulas
against the integral.

    python benchmarks/laplace_torch.py --torch-python /path/to/python/with/torch/and/laplace
"""

import argparse
import subprocess
import sys
import tempfile
import warnings
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from _torch_networks import Arrays, named, torch_inputs, torch_network, weights_of

EXAMPLES, NEW = 150, 60
OUTPUTS = {"gaussian": 2, "categorical": 3}
PRECISION = 4.0
BY_LAYER = {"layers.0.*": 0.5, "layers.2.*": 1.0, "layers.4.*": 2.0}
SUBNETWORK = ("layers.0.bias", "layers.2.*")
TOLERANCE = 1e-5
DRAWS = 100_000
LINKS = ("probit", "bridge", "bridge_norm")
MEASURES = ("variance", "mean", "log evidence")


class Pair(NamedTuple):
    """A posterior of either side.

    Attributes:
        subset: "all", "last_layer" or "subnetwork".
        theirs: laplace-torch's structure.
        ours: shinso's, or "kronecker, bias apart" of `curvature.kronecker`, which `laplace` has no name for.
        form: how the network or the curvature is written on their side.
        prior: precision, for all or by layer.
        rank: of a low-rank structure.
        same: names of what means the same on both sides.
        likelihoods: those for which it does; for others the mean alone.
    """

    subset: str
    theirs: str
    ours: str
    form: str = ""
    prior: Any = 1.0
    rank: int | None = None
    same: tuple[str, ...] = MEASURES
    likelihoods: tuple[str, ...] = tuple(OUTPUTS)


ONE, EIGEN, TURNED = "bias as the weight of a constant input", "eigenpairs of the GGN", "cross-kernel transposed"
APART = "kronecker, bias apart"
MEAN = ("mean",)
PAIRS = (
    Pair("all", "full", "full", prior=BY_LAYER),
    Pair("all", "diag", "diagonal", prior=BY_LAYER),
    Pair("all", "kron", "kronecker", ONE, BY_LAYER),
    Pair("all", "kron", APART, prior=BY_LAYER),
    Pair("all", "kron", "kronecker", prior=BY_LAYER, same=MEAN),
    Pair("all", "lowrank", "low_rank", EIGEN, BY_LAYER, rank=1000),
    Pair("all", "lowrank", "low_rank", EIGEN, BY_LAYER, rank=20, same=MEAN),
    Pair("all", "gp", "full", TURNED, same=("variance", "mean"), likelihoods=("gaussian",)),
    Pair("all", "gp", "full", same=MEAN),
    Pair("last_layer", "full", "full"),
    Pair("last_layer", "diag", "diagonal"),
    Pair("last_layer", "kron", "kronecker", ONE),
    Pair("last_layer", "kron", APART),
    Pair("last_layer", "kron", "kronecker", same=MEAN),
    Pair("last_layer", "gp", "full", same=("variance", "mean"), likelihoods=("gaussian",)),
    Pair("subnetwork", "full", "full"),
    Pair("subnetwork", "diag", "diagonal"),
)


CONVOLUTION = (
    Pair("all", "full", "full"),
    Pair("all", "diag", "diagonal"),
    Pair("all", "kron", APART),
    Pair("all", "kron", "kronecker", same=MEAN),
    Pair("last_layer", "full", "full"),
    Pair("last_layer", "kron", APART),
)


class Case(NamedTuple):
    """A network and what is compared on it.

    Attributes:
        likelihood: "gaussian" or "categorical".
        shape: of an example.
        hidden: units of dense hidden layers.
        pairs: posteriors.
    """

    likelihood: str
    shape: tuple[int, ...]
    hidden: tuple[int, ...]
    pairs: tuple[Pair, ...]


CASES = {
    "4-10-6-2, Gaussian": Case("gaussian", (4,), (10, 6), PAIRS),
    "4-10-6-3, categorical": Case("categorical", (4,), (10, 6), PAIRS),
    "C2-C3-FC4 on 10×10 images, categorical": Case("categorical", (10, 10, 1), (4,), CONVOLUTION),
}


def data(case: Case) -> Arrays:
    """Return examples and new inputs."""
    random = np.random.default_rng(0)
    inputs = random.normal(size=(EXAMPLES, *case.shape))
    flat = inputs.reshape(EXAMPLES, -1)
    signal = np.sin(flat @ random.normal(size=(flat.shape[1], OUTPUTS[case.likelihood])) * 2 / flat.shape[1] ** 0.5)
    if case.likelihood == "gaussian":
        targets = signal + PRECISION**-0.5 * random.normal(size=signal.shape)
    else:
        targets = np.argmax(2 * signal + random.gumbel(size=signal.shape), axis=1)
    far = np.where(np.arange(NEW) % 2, 5.0, 1.0).reshape(-1, *(1 for _ in case.shape))
    return {"inputs": inputs, "targets": targets, "new": far * random.normal(size=(NEW, *case.shape))}


# shinso's side


def trained(case: Case) -> Any:
    """Return the model and its objective, near the minimum that a prior of precision 1 asks for."""
    import jax

    import shinso
    from shinso import nn, objectives

    given, outputs, key = data(case), OUTPUTS[case.likelihood], jax.random.key(0)
    arguments = {"precision": PRECISION} if case.likelihood == "gaussian" else {}
    objective = objectives.Objective(
        objectives.likelihood(case.likelihood, **arguments), [objectives.L2(1.0 / EXAMPLES, "*")]
    )
    if len(case.shape) == 3:
        model = nn.cnn(
            case.shape,
            outputs,
            (2, 3),
            kernel_size=3,
            padding="valid",
            hidden=case.hidden,
            activation="tanh",
            key=key,
        )
    else:
        model = nn.mlp(case.shape[0], outputs, case.hidden, activation="tanh", key=key)
    run = shinso.train(model, objective, (given["inputs"], given["targets"]), optimizer="lbfgs", epochs=300)
    return run.model, objective


def moments_apart(pair: Pair, model: Any, objective: Any, given: Arrays) -> tuple[Any, Any, float]:
    """Return moments and log evidence of K-FAC whose biases have blocks of their own."""
    import equinox as eqx
    import jax
    import jax.numpy as jnp

    from shinso import curvature

    chosen = f"layers.{len(model.layers) - 1}.*" if pair.subset == "last_layer" else "*"
    operator = curvature.kronecker(
        model, objective, (given["inputs"], given["targets"]), separate_bias=True, where=chosen
    ).scaled(EXAMPLES)
    delta = jax.tree_util.tree_map_with_path(lambda path, _: precision_at(pair, path), operator.parameters)

    def outputs(tree: Any, x: Any) -> Any:
        return eqx.combine(tree, model)(x[None])[0]

    slopes = jax.vmap(jax.jacrev(outputs), (None, 0))(operator.parameters, jnp.asarray(given["new"]))
    rows = jax.vmap(jax.vmap(lambda row: flat(operator.damped_inverse_root(delta, row))))(slopes)
    weights = flat(operator.parameters)
    alpha = flat(jax.tree.map(jnp.full_like, operator.parameters, delta))
    fit = objective.likelihood.log_likelihood(model(given["inputs"]), given["targets"]).sum()
    volume = jnp.log(alpha).sum() - operator.damped_log_determinant(delta)
    evidence = fit + 0.5 * (volume - alpha @ weights**2)
    return model(given["new"]), rows @ jnp.swapaxes(rows, 1, 2), float(evidence)


def flat(tree: Any) -> Any:
    """Return all numbers of a tree as one vector."""
    from jax.flatten_util import ravel_pytree

    return ravel_pytree(tree)[0]


def precision_at(pair: Pair, path: Any) -> float:
    """Return the prior's precision at a leaf."""
    from jax.tree_util import keystr

    if isinstance(pair.prior, float):
        return pair.prior
    return next(alpha for name, alpha in pair.prior.items() if f".layers[{name.split('.')[1]}]" in keystr(path))


def shinso_answer(pair: Pair, model: Any, objective: Any, given: Arrays) -> Arrays:
    """Return mean, covariance and log evidence."""
    import shinso

    found: dict[str, Any] = {}
    if pair.ours == APART:
        found["mean"], found["covariance"], found["evidence"] = moments_apart(pair, model, objective, given)
    else:
        posterior = shinso.laplace(
            model,
            (given["inputs"], given["targets"]),
            objective,
            subset=SUBNETWORK if pair.subset == "subnetwork" else pair.subset,
            structure=pair.ours,
            prior_precision=pair.prior,
            rank=None if pair.rank is None else min(pair.rank, size(given)),
        )
        found["mean"], found["covariance"] = posterior.output_moments(given["new"])
        found["evidence"] = posterior.log_evidence()
        if pair == PAIRS[0]:
            found["prediction"] = posterior.predict(given["new"]).mean
    return {name: np.asarray(value) for name, value in found.items()}


# laplace-torch's side


def eigen_backend(rank: int | None) -> Any:
    """Return a backend whose low-rank curvature is the GGN's, as shinso's is; laplace-torch's own is the Hessian's."""
    import torch
    from laplace.curvature import CurvlinopsGGN

    class Eigen(CurvlinopsGGN):  # type: ignore[misc]
        def eig_lowrank(self, loader: Any) -> Any:
            loss, matrix = self.full(*next(iter(loader)))
            values, vectors = torch.linalg.eigh(matrix)
            kept = (values > 1e-12) & (torch.arange(len(values)) >= len(values) - (rank or 0))
            return vectors[:, kept], values[kept], loss

    return Eigen


def torch_answer(pair: Pair, likelihood: str, given: Arrays) -> Arrays:
    """Return mean, covariance and log evidence, and class probabilities by each formula."""
    import torch

    posterior = torch_posterior(pair, likelihood, torch_network(weights_of(given), pair.form == ONE))
    examples = torch.utils.data.TensorDataset(torch_inputs(given["inputs"]), torch.from_numpy(given["targets"]))
    posterior.fit(torch.utils.data.DataLoader(examples, batch_size=EXAMPLES))
    new = torch_inputs(given["new"])
    mean, covariance = posterior._glm_predictive_distribution(new)
    found = {"mean": mean, "covariance": covariance, "evidence": posterior.log_marginal_likelihood()}
    if likelihood == "categorical" and pair == PAIRS[0]:
        found |= {link: posterior(new, pred_type="glm", link_approx=link) for link in LINKS}
    return {name: value.detach().numpy() for name, value in found.items()}


def torch_posterior(pair: Pair, likelihood: str, network: Any) -> Any:
    """Return their posterior, still to be fitted."""
    import laplace
    import torch

    # Low rank asks for a package whose current release has another name and interface; with `Eigen` it needs none.
    laplace.baselaplace.find_spec = lambda _: True
    kind = {"gaussian": "regression", "categorical": "classification"}[likelihood]
    by_array = [alpha for alpha in BY_LAYER.values() for _ in range(1 if pair.form == ONE else 2)]
    options: dict[str, Any] = {
        "prior_precision": pair.prior if isinstance(pair.prior, float) else torch.tensor(by_array)
    }
    if likelihood == "gaussian":
        options["sigma_noise"] = PRECISION**-0.5
    if pair.form == EIGEN:
        options["backend"] = eigen_backend(pair.rank)
    if pair.theirs == "gp":
        options |= {"n_subset": EXAMPLES, "independent_outputs": False}
    if pair.subset == "subnetwork":
        options["subnetwork_indices"] = subnetwork_places(network)
    if pair.form == TURNED:
        return turned_kernel()(network, kind, **options)
    return laplace.Laplace(network, kind, subset_of_weights=pair.subset, hessian_structure=pair.theirs, **options)


def turned_kernel() -> Any:
    """Return their Gaussian process with the outputs of the two inputs of k(x*, x) in the order that the next step reads."""
    from laplace import FunctionalLaplace

    class Turned(FunctionalLaplace):  # type: ignore[misc]
        _key = ("all", TURNED)

        def _kernel_batch_star(self, jacobians: Any, batch: Any) -> Any:
            return super()._kernel_batch_star(jacobians, batch).transpose(2, 3)

    return Turned


def subnetwork_places(network: Any) -> Any:
    """Return the places of `SUBNETWORK` in the flat vector of all parameters."""
    import torch

    places, start = [], 0
    for name, parameter in network.named_parameters():
        stop = start + parameter.numel()
        if name == "0.bias" or name.startswith("2."):
            places.append(torch.arange(start, stop))
        start = stop
    return torch.cat(places)


def serve(case: Case, path: Path) -> None:
    """Answer in the interpreter that has PyTorch."""
    import torch

    warnings.simplefilter("ignore")
    torch.set_default_dtype(torch.float64)
    given = dict(np.load(path))
    answers = [torch_answer(pair, case.likelihood, given) for pair in case.pairs]
    np.savez(path, **{f"{place}/{name}": array for place, found in enumerate(answers) for name, array in found.items()})


# The comparison


def ask(torch_python: str, title: str, given: Arrays) -> list[Arrays]:
    """Return laplace-torch's answers."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "given.npz"
        np.savez(path, **given)
        subprocess.run([torch_python, __file__, "--answer", title, str(path)], check=True)
        found = dict(np.load(path))
    return [
        {name.partition("/")[2]: array for name, array in found.items() if name.startswith(f"{place}/")}
        for place in range(len(CASES[title].pairs))
    ]


def centred(found: Arrays, likelihood: str) -> Arrays:
    """Return moments without the common shift of logits."""
    if likelihood != "categorical":
        return found
    classes = found["mean"].shape[-1]
    matrix = np.eye(classes) - 1 / classes
    return found | {"mean": found["mean"] @ matrix, "covariance": matrix @ found["covariance"] @ matrix}


def differences(ours: Arrays, theirs: Arrays) -> dict[str, float]:
    """Return the largest relative difference of each."""
    mine, others = (np.diagonal(found["covariance"], axis1=1, axis2=2) for found in (ours, theirs))
    return {
        "variance": float(np.max(np.abs(mine - others) / others)),
        "mean": float(np.max(np.abs(ours["mean"] - theirs["mean"])) / np.max(np.abs(theirs["mean"]))),
        "log evidence": float(np.abs(ours["evidence"] - theirs["evidence"]) / np.abs(theirs["evidence"])),
    }


def agree(torch_python: str, title: str) -> list[str]:
    """Print a table; return the pairs that should agree and do not."""
    import jax

    from shinso import nn

    case, failed, probabilities = CASES[title], [], None
    print(f"\n### {title}: largest relative difference\n")
    print(f"| laplace-torch | written as | shinso | {' | '.join(MEASURES)} |\n|---|---|---|---|---|---|")
    with jax.enable_x64(True):
        model, objective = trained(case)
        given = data(case) | named([np.asarray(leaf) for leaf in jax.tree.leaves(nn.parameters(model)[0])])
        for pair, theirs in zip(case.pairs, ask(torch_python, title, given), strict=True):
            ours = shinso_answer(pair, model, objective, given)
            gaps = differences(centred(ours, case.likelihood), centred(theirs, case.likelihood))
            same = pair.same if case.likelihood in pair.likelihoods else MEAN
            rank = "" if pair.rank is None else f", {min(pair.rank, size(given))} pairs"
            cells = [f"{gap:.0e}" if name in same else f"({gap:.0e})" for name, gap in gaps.items()]
            print(
                f"| {pair.subset} × {pair.theirs} | {pair.form} | {pair.ours}{rank} | {' | '.join(cells)} |", flush=True
            )
            failed += [f"{title}: {pair.subset} × {pair.theirs}, {name}" for name in same if gaps[name] > TOLERANCE]
            if set(LINKS) <= set(theirs):
                probabilities = ours, {f"laplace-torch, {link}": theirs[link] for link in LINKS}
    if probabilities is not None:
        compare_probabilities(*probabilities)
    return failed


def size(given: Arrays) -> int:
    """Return W."""
    return sum(array.size for array in weights_of(given))


def compare_probabilities(ours: Arrays, probabilities: Arrays) -> None:
    """Print how far each formula lies from the integral over the Gaussian of the logits."""
    values, vectors = np.linalg.eigh(ours["covariance"])
    roots = vectors * np.sqrt(np.maximum(values, 0))[:, None, :]
    noise = np.random.default_rng(1).standard_normal((DRAWS, ours["mean"].shape[-1]))
    integral = np.stack([softmax(mean + noise @ root.T) for mean, root in zip(ours["mean"], roots, strict=True)])
    print(f"\nClass probabilities of all × full, against the integral ({DRAWS:,} draws):\n")
    print("| | largest difference | mean difference |\n|---|---|---|")
    for name, found in {"shinso": ours["prediction"], **probabilities}.items():
        gaps = np.abs(found - integral)
        print(f"| {name} | {gaps.max():.3f} | {gaps.mean():.4f} |")


def softmax(logits: np.ndarray) -> np.ndarray:
    """Return the mean over draws of softmax, `[K]`."""
    from scipy import special

    return np.asarray(special.softmax(logits, axis=-1).mean(axis=0))


def main() -> None:
    """Read the command line and compare, or answer."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--torch-python", default=sys.executable, help="interpreter that can import torch and laplace")
    parser.add_argument("--answer", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.answer:
        title, path = options.answer
        serve(CASES[title], Path(path))
        return
    warnings.simplefilter("ignore")  # weights are trained once, for one prior: the others' minimum lies elsewhere
    failed = [pair for title in CASES for pair in agree(options.torch_python, title)]
    if failed:
        raise SystemExit(f"differences above {TOLERANCE:g}: {'; '.join(failed)}")


if __name__ == "__main__":
    main()
