import json

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from shinso import nn
from shinso.nn._cnn import POOLS

KEY = jax.random.key(4)

# name: (make, shape of one example)
MODELS = {
    "linear": (lambda **options: nn.linear(4, 3, key=KEY, **options), (4,)),
    "linear on images": (lambda **options: nn.linear((2, 2, 1), 3, key=KEY, **options), (2, 2, 1)),
    "mlp": (lambda **options: nn.mlp(4, 3, (5, 6), dropout=0.2, key=KEY, **options), (4,)),
    "mlp, one size": (lambda **options: nn.mlp(4, 3, 5, key=KEY, **options), (4,)),
    "mlp without hidden layers": (lambda **options: nn.mlp(4, 3, (), key=KEY, **options), (4,)),
    "mlp, elu": (lambda **options: nn.mlp(4, 3, activation={"name": "elu", "alpha": 0.5}, key=KEY, **options), (4,)),
    "cnn": (lambda **options: nn.cnn((8, 8, 1), 10, key=KEY, **options), (8, 8, 1)),
    "cnn, colour": (
        lambda **options: nn.cnn(
            (9, 12, 3), 2, (4,), kernel_size=(3, 4), padding=((0, 1), (1, 0)), pool="mean", pool_size=(1, 2),
            hidden=(), activation="tanh", dropout=0.5, key=KEY, **options,
        ),
        (9, 12, 3),
    ),
    "mlp, everything": (
        lambda **options: nn.mlp(
            4, 3, (5, 6), activation={"name": "maxout", "pieces": 3}, normalization="layer", dropout=0.2,
            drop_connect=0.3, gaussian_noise=0.5, mask="per_batch", key=KEY, **options,
        ),
        (4,),
    ),
    "cnn, l2": (lambda **options: nn.cnn((6, 6, 1), 2, (3,), pool="l2", activation="silu", key=KEY, **options), (6, 6, 1)),
}  # fmt: skip


@pytest.mark.parametrize("name", MODELS)
def test_a_recipe_builds_the_same_model(name):
    make, shape = MODELS[name]
    model = make()
    recipe = json.loads(json.dumps(model.recipe.to_dict()))
    again = nn.model_from_recipe(recipe, KEY)
    assert eqx.tree_equal(model, again)
    assert again.recipe == model.recipe
    assert hash(again.recipe) == hash(model.recipe)
    x = jnp.ones((2, *shape))
    for key in (None, KEY):
        assert eqx.filter_eval_shape(model, x, key=key).shape == (2, *model.output_shape(shape))


def test_the_recipe_is_in_the_tree_structure():
    """A model is an argument of compiled functions: an equal recipe must not compile again."""
    traces = []

    @eqx.filter_jit
    def run(model, x):
        traces.append(1)
        return model(x)

    run(nn.mlp(4, 3, (5,), key=KEY), jnp.ones((2, 4)))
    run(nn.mlp(4, 3, (5,), key=jax.random.key(9)), jnp.ones((2, 4)))
    assert len(traces) == 1


def test_numpy_numbers_are_written_as_numbers():
    model = nn.mlp(np.int64(4), np.int64(3), np.array([5, 6]).tolist(), dropout=np.float32(0.25), key=KEY)
    assert model.recipe.arguments["outputs"] == 3
    assert model.recipe.arguments["dropout"] == 0.25


def test_a_function_for_an_initializer_leaves_no_recipe():
    normal = jax.nn.initializers.normal()
    for options in ({"weight_init": normal}, {"bias_init": ["zeros", normal]}):
        assert nn.mlp(4, 3, **options, key=KEY).recipe is None
    assert nn.multi_head(4, {"a": 2}, trunk={"name": "mlp", "weight_init": normal}, key=KEY).recipe is None


def test_a_recipe_has_every_argument_in_one_spelling():
    assert nn.mlp(4, 3, 5, key=KEY).recipe == nn.mlp(4, outputs=3, hidden=(5,), mask="per_example", key=KEY).recipe
    assert nn.linear((2, 2), 3, bias_init={"name": "constant", "value": 1.0}, key=KEY).recipe.to_dict() == {
        "builder": "linear",
        "arguments": {
            "inputs": [2, 2], "outputs": 3, "weight_init": None, "bias_init": {"name": "constant", "value": 1.0},
        },
    }  # fmt: skip
    heads = nn.multi_head(4, {"b": 2, "a": 1}, auxiliary={"c": (3, 1)}, key=KEY)
    assert heads.recipe.arguments == {
        "inputs": 4, "outputs": [["b", 2], ["a", 1]], "trunk": {"name": "mlp"}, "auxiliary": [["c", 3, 1]],
    }  # fmt: skip
    cell = nn.recurrent(2, 1, 3, dropout=0, per_step=1, key=KEY)
    expected = {"hidden": [3], "dropout": 0.0, "per_step": True, "cell": "lstm", "truncate": None}
    assert expected.items() <= cell.recipe.arguments.items()
    assert nn.autoencoder(4, 2, tied=0, key=KEY).recipe.arguments["tied"] is False
    polynomial = {"name": "polynomial", "degree": 3}
    assert nn.basis_model(1, 1, key=KEY).recipe.arguments["basis"] == polynomial


def literal_mlp(model, x):
    for layer in model.layers:
        if isinstance(layer, nn.Dense):
            x = x @ np.asarray(layer.weight, np.float64) + np.asarray(layer.bias, np.float64)
        elif isinstance(layer, nn.Activation):
            x = np.tanh(x)
    return x


def test_mlp_is_the_formula():
    model = nn.mlp(4, 3, (5, 6), activation="tanh", bias_init="standard_normal", key=KEY)
    x = np.random.default_rng(0).standard_normal((7, 4))
    np.testing.assert_allclose(model(jnp.asarray(x, jnp.float32)), literal_mlp(model, x), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("activation", sorted(nn.ACTIVATIONS))
@pytest.mark.parametrize("pool", sorted(POOLS))
def test_pooling_early_changes_nothing(pool, activation):
    """The network equals convolution, bias, φ, pooling in that order."""
    model = nn.cnn(
        (8, 8, 1), 2, (3, 4), pool=pool, activation=activation, hidden=(5,), bias_init="standard_normal", key=KEY
    )
    phi, pooling = nn.Activation(activation), POOLS[pool](2)

    def late(z):
        for layer in model.layers:
            if isinstance(layer, nn.Conv2d):
                z = pooling(phi(eqx.tree_at(lambda conv: conv.pool, layer, None, is_leaf=lambda leaf: leaf is None)(z)))
            elif isinstance(layer, nn.Dense | nn.Flatten):
                z = layer(z)
                z = phi(z) if isinstance(layer, nn.Dense) and layer is not model.layers[-1] else z
        return z

    x = np.random.default_rng(0).standard_normal((3, 8, 8, 1), np.float32)
    ours, theirs = jax.jit(lambda x: (model(x), late(x)))(x)
    np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    ("activation", "deviation"),
    [("relu", (2 / 300) ** 0.5), ("elu", (2 / 300) ** 0.5), ("tanh", (2 / 700) ** 0.5), ("sigmoid", (2 / 700) ** 0.5)],
)
def test_default_weights(activation, deviation):
    model = nn.mlp(300, 50, (400,), activation=activation, key=KEY)
    first, *_, last = model.layers
    assert abs(first.weight.std() / deviation - 1) < 0.02
    assert abs(jnp.abs(last.weight).max() / (6 / 450) ** 0.5 - 1) < 0.01
    assert (first.bias == 0).all()


def test_one_initializer_for_each_layer():
    """The book's network3: N(0, pool area/(maps × kernel area)), N(0, 1/n_out), zeros; biases N(0, 1), N(0, 1), zeros."""
    model = nn.cnn(
        (28, 28, 1),
        10,
        (20,),
        kernel_size=5,
        padding="valid",
        hidden=(100,),
        activation="sigmoid",
        weight_init=[{"name": "fan_out_normal", "gain": 2.0}, "fan_out_normal", "zeros"],
        bias_init=["standard_normal", "standard_normal", "zeros"],
        key=KEY,
    )
    convolution, dense, softmax = (layer for layer in model.layers if isinstance(layer, nn.Conv2d | nn.Dense))
    assert abs(convolution.weight.std() / (4 / (20 * 25)) ** 0.5 - 1) < 0.1
    assert abs(dense.weight.std() / 0.1 - 1) < 0.02
    assert abs(dense.bias.std() - 1) < 0.3
    assert (softmax.weight == 0).all()
    assert (softmax.bias == 0).all()
    assert eqx.tree_equal(nn.model_from_recipe(model.recipe.to_dict(), KEY), model)


def test_dropout_stands_before_dense_layers_only():
    def names(model):
        return [type(layer).__name__ for layer in model.layers]

    assert names(nn.mlp(4, 3, (5, 6), dropout=0.5, key=KEY)) == [
        "Dense", "Activation", "Dropout", "Dense", "Activation", "Dropout", "Dense",
    ]  # fmt: skip
    assert names(nn.cnn((8, 8, 1), 3, (5,), hidden=(6,), dropout=0.5, key=KEY)) == [
        "Conv2d", "Activation", "Flatten", "Dropout", "Dense", "Activation", "Dropout", "Dense",
    ]  # fmt: skip


def test_what_stands_around_affine_layers():
    def names(model):
        return [type(layer).__name__ for layer in model.layers]

    assert names(nn.mlp(4, 3, (5,), normalization="batch", gaussian_noise=1.0, dropout=0.5, key=KEY)) == [
        "Dense", "BatchNorm", "Activation", "Dropout", "GaussianNoise", "Dense",
    ]  # fmt: skip
    model = nn.mlp(4, 3, (5,), activation="maxout", normalization="layer", drop_connect=0.5, mask="per_batch", key=KEY)
    assert names(model) == ["DropConnect", "LayerNorm", "Maxout", "DropConnect"]
    assert model.layers[0].dense.weight.shape == (4, 10)
    assert {layer.mask for layer in model.layers if isinstance(layer, nn.DropConnect)} == {"per_batch"}
    assert names(nn.cnn((8, 8, 1), 3, (5,), hidden=(), normalization="layer", key=KEY)) == [
        "Conv2d", "LayerNorm", "MaxPool2d", "Activation", "Flatten", "Dense",
    ]  # fmt: skip
    assert names(nn.cnn((8, 8, 1), 3, (5,), hidden=(6,), activation="maxout", gaussian_noise=0.5, key=KEY)) == [
        "Conv2d", "Maxout", "MaxPool2d", "Flatten", "GaussianNoise", "Dense", "Maxout", "GaussianNoise", "Dense",
    ]  # fmt: skip


def test_maxout_starts_as_rectifiers_do():
    assert (
        abs(nn.mlp(300, 5, (400,), activation="maxout", key=KEY).layers[0].weight.std() / (2 / 300) ** 0.5 - 1) < 0.02
    )


@pytest.mark.parametrize(
    ("name", "shape", "first"), [("mlp", (4,), nn.Dense), ("linear", (2, 2), nn.Flatten), ("cnn", (8, 8, 1), nn.Conv2d)]
)
def test_network_infers_shapes(name, shape, first):
    model = nn.network(name, shape, 3, key=KEY)
    assert isinstance(model.layers[0], first)
    assert eqx.filter_eval_shape(model, jnp.zeros((2, *shape))).shape == (2, 3)
    assert nn.model_from_recipe(model.recipe.to_dict(), KEY).recipe == model.recipe


def test_float64():
    with jax.enable_x64(True):
        model = nn.cnn((8, 8, 1), 3, (4,), dropout=0.5, key=jax.random.key(0))
        assert all(leaf.dtype == jnp.float64 for leaf in jax.tree.leaves(model))
        output = eqx.filter_eval_shape(model, jnp.ones((1, 8, 8, 1)), key=jax.random.key(0))
        assert output.dtype == jnp.float64


def test_summary():
    model = nn.cnn((28, 28, 1), 10, (20, 40), kernel_size=5, padding="valid", hidden=(30,), dropout=0.5, key=KEY)
    rows = nn.summary(model, (28, 28, 1))
    assert [row["layer"] for row in rows] == [
        "Conv2d 5×5, MaxPool2d 2×2", "Activation relu", "Conv2d 5×5, MaxPool2d 2×2", "Activation relu", "Flatten",
        "Dropout 0.5", "Dense", "Activation relu", "Dropout 0.5", "Dense",
    ]  # fmt: skip
    convolutions = [row for row in rows if row["layer"].startswith("Conv2d")]
    assert [row["output_shape"] for row in convolutions] == [[12, 12, 20], [4, 4, 40]]
    assert [row["parameters"] for row in convolutions] == [520, 20040]
    assert [row["multiply_adds"] for row in convolutions] == [24 * 24 * 25 * 20, 8 * 8 * 25 * 20 * 40]
    assert sum(row["parameters"] for row in rows) == nn.parameter_count(model)
    assert sum(row["multiply_adds"] for row in rows) == model.multiply_adds((28, 28, 1))
    assert nn.summary(nn.PerExample(eqx.nn.Linear(4, 3, key=KEY)), (4,)) == [
        {"layer": "PerExample Linear", "output_shape": [3], "parameters": 15, "multiply_adds": 0}
    ]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: nn.mlp(4, 3, (5, 0), key=KEY), "hidden must be a whole number, at least 1; got 0"),
        (lambda: nn.mlp(4, 3, -1, key=KEY), "hidden must be a whole number, at least 1; got -1"),
        (lambda: nn.mlp(0, 3, key=KEY), "inputs must be a whole number, at least 1; got 0"),
        (lambda: nn.mlp((), 3, key=KEY), "inputs must name at least 1 size"),
        (lambda: nn.mlp(4, 0, key=KEY), "outputs must be a whole number, at least 1; got 0"),
        (lambda: nn.mlp(4, 3, dropout=1.0, key=KEY), "dropout must be a finite number ≥ 0 and < 1; got 1.0"),
        (lambda: nn.mlp(4, 3, dropout=-0.5, key=KEY), "dropout must be a finite number ≥ 0 and < 1; got -0.5"),
        (lambda: nn.mlp(4, 3, drop_connect=1.0, key=KEY), "drop_connect must be a finite number ≥ 0 and < 1; got 1.0"),
        (lambda: nn.mlp(4, 3, gaussian_noise=-0.5, key=KEY), "gaussian_noise must be a finite number ≥ 0; got -0.5"),
        (lambda: nn.mlp(4, 3, mask="per_exampl", key=KEY), "mask must be one of .*Did you mean 'per_example'"),
        (lambda: nn.mlp(4, 3, normalization="bach", key=KEY), "normalization must be .*Did you mean 'batch'"),
        (lambda: nn.mlp(4, 3, activation={"name": "maxout", "pieces": 1}, key=KEY), "pieces must be a whole number"),
        (lambda: nn.mlp(4, 3, activation="tan", key=KEY), "activation must be one of .*Did you mean 'tanh'"),
        (lambda: nn.mlp(4, 3, weight_init=["zeros"] * 3, key=KEY), "weight_init must be .* each of 2 layers; got 3"),
        (lambda: nn.mlp(4, 3, bias_init="zero", key=KEY), "bias_init must be one of .*Did you mean 'zeros'"),
        (lambda: nn.cnn((8, 8, 1), 3, (), key=KEY), "channels must name at least 1 size"),
        (lambda: nn.cnn((8, 8, 1), 3, (4, 0), key=KEY), "channels must be a whole number, at least 1; got 0"),
        (lambda: nn.cnn((8, 8), 3, key=KEY), r"image_shape must be \(height, width, maps\); got \(8, 8\)"),
        (lambda: nn.cnn((8, 8, 1), 3, pool="maximum", key=KEY), "pool must be one of .*got 'maximum'"),
        (
            lambda: nn.cnn((4, 4, 1), 3, (1, 2, 3), key=KEY),
            "layer 5 of 7: MaxPool2d with a 2×2 window needs an image at least that large; got 1×1",
        ),
        (
            lambda: nn.cnn((4, 4, 1), 3, kernel_size=5, padding="valid", key=KEY),
            "layer 1 of 5: Conv2d with a 5×5 kernel needs a padded image at least that large; got 4×4",
        ),
        (lambda: nn.network("mpl", (4,), 3, key=KEY), "network must be one of .*Did you mean 'mlp'"),
        (lambda: nn.network("mlp", (4,), 3, hiden=5, key=KEY), "argument of mlp must be .*Did you mean 'hidden'"),
        (lambda: nn.network("cnn", (4,), 3, key=KEY), r"image_shape must be \(height, width, maps\)"),
        (
            lambda: nn.model_from_recipe({"builder": "mlp"}, KEY),
            "recipe must be a dictionary with 'builder' and 'arguments'",
        ),
        (lambda: nn.model_from_recipe({"builder": "os", "arguments": {}}, KEY), "builder must be one of"),
    ],
)
def test_bad_arguments(make, message):
    with pytest.raises(ValueError, match=message):
        make()
