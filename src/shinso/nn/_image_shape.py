"""The shape of one image."""

from shinso import _checks


def checked_image_shape(value: object) -> tuple[int, int, int]:
    """Return `value` as (height, width, maps).

    Raises:
        TypeError: not whole numbers.
        ValueError: not three numbers, or one below 1.
    """
    if not isinstance(value, list | tuple) or len(value) != 3:
        raise ValueError(f"image_shape must be (height, width, maps); got {value!r}.")
    height, width, maps = (_checks.whole_number("image_shape", size, least=1) for size in value)
    return height, width, maps
