"""Two-dimensional convolutions in groups of maps."""

from jaxtyping import Array, Float, PRNGKeyArray

from shinso import _checks, _threefry
from shinso.nn import _windows
from shinso.nn._convolution import Convolution, Padding
from shinso.nn._initializers import Fans, Initializer, initialize


class GroupedConv2d(Convolution):
    """A convolution whose feature maps fall into groups, each of which sees its own share of the input maps alone.

    As `Conv2d`, with map m of group g = ⌊m·G/outputs⌋ summed over the input maps g·inputs/G … (g + 1)·inputs/G − 1, so
    `weight` is `[kh, kw, inputs/G, outputs]`. One group without bias is what stands before a `BatchNorm`, whose β takes the
    bias's place.

    Args:
        inputs: number of input maps, a multiple of `groups`.
        outputs: number of feature maps, a multiple of `groups`.
        kernel_size: one number or (height, width).
        groups: G ≥ 1; 2 is the split over two processors of Krizhevsky's network, `inputs` a depthwise convolution.
        stride: as for `Conv2d`.
        padding: as for `Conv2d`.
        weight_init: initializer of the weights; n_in and n_out count the maps of one group.
        bias_init: initializer of the biases; None for no bias.
        key: random key.

    Raises:
        ValueError: a size below 1, sizes that `groups` does not divide, an unknown padding or initializer.

    Source: Nielsen, chapter 6 (the network of Krizhevsky, Sutskever and Hinton, 2012).
    """

    bias: Float[Array, " outputs"] | None
    operations = Convolution.operations

    def __init__(
        self,
        inputs: int,
        outputs: int,
        kernel_size: int | tuple[int, int],
        *,
        groups: int = 1,
        stride: int | tuple[int, int] = 1,
        padding: Padding = "valid",
        weight_init: Initializer = "glorot_uniform",
        bias_init: Initializer | None = "zeros",
        key: PRNGKeyArray,
    ):
        self.groups = _checks.whole_number("groups", groups, least=1)
        sizes = [_checks.whole_number(name, size, least=1) for name, size in (("inputs", inputs), ("outputs", outputs))]
        if any(size % self.groups for size in sizes):
            raise ValueError(f"groups must divide inputs and outputs, {sizes[0]} and {sizes[1]}; got {groups}.")
        height, width = _windows.pair("kernel_size", kernel_size, least=1)
        group_inputs, group_outputs = sizes[0] // self.groups, sizes[1] // self.groups
        fans = Fans(group_inputs * height * width, group_outputs * height * width)
        weight_key, bias_key = _threefry.split(key)
        shape = (height, width, group_inputs, sizes[1])
        self.weight = initialize(weight_init, weight_key, shape, fans, argument="weight_init")
        self.bias = (
            None if bias_init is None else initialize(bias_init, bias_key, (sizes[1],), fans, argument="bias_init")
        )
        self.stride = _windows.pair("stride", stride, least=1)
        self.padding = _windows.padding(padding)
        self.pool = None

    def __call__(
        self, x: Float[Array, "N H W inputs"], *, key: PRNGKeyArray | None = None
    ) -> Float[Array, "N h w outputs"]:
        """Return the feature maps.

        Raises:
            ValueError: `x` is not `[N, H, W, inputs]`, or smaller than the kernel.
        """
        maps = self._maps(x)
        return maps if self.bias is None else maps + self.bias
