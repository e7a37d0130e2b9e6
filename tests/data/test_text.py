"""Text as symbols."""

import numpy as np
import pytest

from shinso.data import Characters, next_symbols


def test_a_text_comes_back():
    characters = Characters.of("to be or not")
    assert characters.characters == " benort"
    symbols = characters.encode("not to be")
    assert symbols.dtype == np.int32
    assert characters.decode(symbols) == "not to be"
    assert len(characters) == 7


def test_every_symbol_meets_the_one_that_follows():
    inputs, targets = next_symbols(np.arange(10, 20), 4)
    np.testing.assert_array_equal(inputs[..., 0], [[10, 11, 12, 13], [14, 15, 16, 17]])
    np.testing.assert_array_equal(targets, [[11, 12, 13, 14], [15, 16, 17, 18]])
    assert inputs.shape == (2, 4, 1)


def test_bad_input_is_named():
    with pytest.raises(ValueError, match="at least one character"):
        Characters.of("")
    with pytest.raises(ValueError, match="2 characters known; got 'c'"):
        Characters.of("ab").encode("abc")
    with pytest.raises(ValueError, match="more than length=4; got 4"):
        next_symbols(np.arange(4), 4)
