"""Rows of the table: which network."""

import dataclasses

from shinso._kinds import ACTIVATIONS, BASES, CELLS, CORRUPTIONS, INITIALIZERS, NETWORKS
from shinso.settings import _search
from shinso.settings._accepted import Flag, Kind, Name, Number, Sizes, Text, Whole
from shinso.settings._row import NETWORK, Searched, setting

# multi_head has outputs by name, which settings cannot say.
_NETWORKS = tuple(name for name in NETWORKS if name != "multi_head")
_RATE = Number(least=0.0, below=1.0, metavar="RATE")


@dataclasses.dataclass(frozen=True, kw_only=True)
class NetworkRows:
    """The network: its kind, sizes, units, first weights, and what is dropped in training."""

    network: str | None = setting(
        Name(_NETWORKS),
        NETWORK,
        f"{', '.join(_NETWORKS)}.",
        words="cnn for images, mlp for tables, recurrent for sequences",
    )
    hidden: tuple[int, ...] | None = setting(
        Sizes(),
        NETWORK,
        "Units of the hidden layers, such as 100,30.",
        searched=Searched(_search.hidden_sizes),
        argument="hidden",
    )
    channels: tuple[int, ...] | None = setting(
        Sizes(),
        NETWORK,
        "Channels of the convolutions, such as 20,40.",
        searched=Searched(_search.channels),
        argument="channels",
    )
    kernel_size: int | None = setting(
        Whole(1),
        NETWORK,
        "Side of the convolutions' kernels, in pixels.",
        words="3",
        searched=Searched(),
        argument="kernel_size",
    )
    padding: str | None = setting(
        Name(("same", "valid")),
        NETWORK,
        "Padding of the convolutions: same or valid.",
        words="same",
        argument="padding",
    )
    pool: str | None = setting(
        Name(("max", "mean", "l2")),
        NETWORK,
        "Pooling: max, mean or l2.",
        words="max",
        searched=Searched(),
        argument="pool",
    )
    basis: str | None = setting(
        Name(BASES),
        NETWORK,
        "Functions of a basis_model: polynomial, gaussian or sigmoid.",
        words="polynomial",
        argument="basis",
    )
    basis_size: int | None = setting(
        Whole(1),
        NETWORK,
        "Their number: degree, centres, or sigmoids of each input.",
        words="3, 20, 20",
        argument="basis",
    )
    configuration: str | None = setting(
        Text(metavar="NAME"),
        NETWORK,
        "Which of the networks of Nielsen's book.",
        words="conv-conv-fc1000-fc1000-relu-dropout",
        argument="configuration",
    )
    depth: int | None = setting(
        Whole(1),
        NETWORK,
        "Layers of a resnet: 18, 34, 50; for small images 8, 14, 20, ….",
        words="18; 20",
        argument="depth",
    )
    activation: str | None = setting(
        Kind((*ACTIVATIONS, "maxout")),
        NETWORK,
        "Activation of hidden units, such as relu, tanh, gelu, elu:alpha=0.5.",
        words="gelu in an mlp, else relu",
        searched=Searched(_search.activations),
        argument="activation",
    )
    normalization: str | None = setting(
        Name(("batch", "layer")),
        NETWORK,
        "Normalize what hidden units take: batch or layer.",
        words="none",
        searched=Searched(_search.normalizations),
        argument="normalization",
    )
    initialization: str | None = setting(
        Kind(INITIALIZERS),
        NETWORK,
        "Distribution of the first weights, such as glorot_uniform.",
        words="he_normal for rectifiers, else glorot_uniform",
        searched=Searched(),
        argument="weight_init",
    )
    gain: float | None = setting(
        Number(above=0.0),
        NETWORK,
        "Factor on the first weights.",
        words="1",
        searched=Searched(_search.gains),
        argument="weight_init",
    )
    bias_init: str | None = setting(
        Kind(INITIALIZERS),
        NETWORK,
        "Distribution of the first biases, such as constant:value=0.1.",
        words="zeros",
        argument="bias_init",
    )
    recurrent_init: str | None = setting(
        Kind(INITIALIZERS),
        NETWORK,
        "Distribution of the first weights from step to step.",
        words="orthogonal",
        argument="recurrent_init",
    )
    forget_bias: float | None = setting(
        Number(), NETWORK, "First bias of the forget gates of an lstm.", words="1", argument="forget_bias"
    )
    cell: str | None = setting(
        Name(CELLS), NETWORK, "Units of a recurrent network: lstm, gru or elman.", words="lstm", argument="cell"
    )
    bidirectional: bool | None = setting(
        Flag(), NETWORK, "Go through sequences from both ends.", words="no", argument="bidirectional"
    )
    embedding: int | None = setting(
        Whole(1), NETWORK, "Numbers that stand for each symbol in a language_model.", words="32", argument="embedding"
    )
    truncate: int | None = setting(
        Whole(1, metavar="STEPS"),
        NETWORK,
        "Steps that back-propagation through time goes back.",
        words="to the start",
        argument="truncate",
    )
    code: int | None = setting(Whole(1), NETWORK, "Numbers of an autoencoder's code.", words="2", argument="code")
    code_activation: str | None = setting(
        Kind(ACTIVATIONS), NETWORK, "Activation of the code.", words="identity", argument="code_activation"
    )
    output_activation: str | None = setting(
        Kind(ACTIVATIONS),
        NETWORK,
        "Activation of what an autoencoder rebuilds: sigmoid for squared errors of values in [0, 1].",
        words="identity",
        argument="output_activation",
    )
    tied: bool | None = setting(
        Flag(), NETWORK, "The decoder's weights are the encoder's, transposed.", words="no", argument="tied"
    )
    variational: bool | None = setting(
        Flag(), NETWORK, "A random code, z ~ N(μ(x), σ²(x)).", words="no", argument="variational"
    )
    corruption: str | None = setting(
        Kind(CORRUPTIONS),
        NETWORK,
        "Noise on the inputs in training: masking:rate=0.3, gaussian:standard_deviation=0.5.",
        words="none",
        argument="corruption",
    )
    dropout: float | None = setting(
        _RATE,
        NETWORK,
        "Probability of dropping a hidden unit.",
        searched=Searched(_search.dropout_rates),
        argument="dropout",
    )
    drop_connect: float | None = setting(
        _RATE,
        NETWORK,
        "Probability of dropping a weight of a dense layer.",
        words="0",
        argument="drop_connect",
    )
    gaussian_noise: float | None = setting(
        Number(least=0.0, metavar="S"),
        NETWORK,
        "Standard deviation s of a factor N(1, s²) on hidden units.",
        words="0",
        argument="gaussian_noise",
    )
