"""IDX files: written here byte by byte from the format's description, read by the package."""

import gzip
import struct

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from shinso.data import read_idx, read_labelled_images

arrays = st.sampled_from(["u1", "i1", "i2", "i4", "f4", "f8"]).flatmap(
    lambda code: hnp.arrays(code, hnp.array_shapes(min_dims=1, max_dims=4, min_side=0, max_side=4))
)


@settings(deadline=None)
@given(arrays, st.booleans())
def test_round_trip(tmp_path_factory, idx_bytes, array, compressed):
    path = tmp_path_factory.mktemp("idx") / ("a.gz" if compressed else "a")
    content = idx_bytes(array)
    path.write_bytes(gzip.compress(content, 1, mtime=0) if compressed else content)
    found = read_idx(path)
    np.testing.assert_array_equal(found, array)
    assert found.dtype == array.dtype
    assert found.dtype.isnative
    assert found.flags.writeable


WHOLE = struct.pack(">BBBB3I", 0, 0, 0x08, 3, 3, 2, 2) + bytes(range(12))


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("a", b"\x89PNG\r\n", "is not an IDX file: it starts with 0x89504e47"),
        ("a", b"", "is not an IDX file"),
        ("a", b"\0\0\x0a\1\0\0\0\1\0", "is not an IDX file"),
        ("a", WHOLE[:9], "is truncated: its header of 16 bytes is only 9 bytes long"),
        ("a", WHOLE[:-2], r"is truncated: shape \(3, 2, 2\) of uint8 needs 12 bytes, but 10 follow"),
        ("a", WHOLE + b"xyz", r"has trailing bytes: shape \(3, 2, 2\) of uint8 needs 12 bytes, but 15 follow"),
        ("a.gz", gzip.compress(WHOLE, mtime=0)[:-9], "is a truncated or damaged gzip file"),
        ("a.gz", gzip.compress(WHOLE, mtime=0)[:11], "is a truncated or damaged gzip file"),
        ("a.gz", gzip.compress(WHOLE, mtime=0) + b"rubbish", "is a truncated or damaged gzip file"),
        ("a.gz", WHOLE, "is not compressed with gzip"),
    ],
)
def test_damaged_files_are_named(tmp_path, name, content, sentence):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(ValueError, match=sentence) as caught:
        read_idx(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_flipped_bit_in_gzip(tmp_path):
    content = bytearray(gzip.compress(WHOLE, mtime=0))
    content[-6] ^= 1  # in the checksum
    (tmp_path / "a.gz").write_bytes(content)
    with pytest.raises(ValueError, match="damaged gzip file"):
        read_idx(tmp_path / "a.gz")


def test_absent_file_and_folder(tmp_path):
    with pytest.raises(ValueError, match="does not exist"):
        read_idx(tmp_path / "none")
    with pytest.raises(ValueError, match="is a folder"):
        read_idx(tmp_path)


@pytest.mark.parametrize(
    ("images", "labels", "sentence"),
    [
        (np.zeros((3, 2, 2), "u1"), np.zeros(2, "u1"), "holds 3 images, but .*labels holds 2 labels"),
        (
            np.zeros((3, 2, 2), "u1"),
            np.array([1, 10, 3], "u1"),
            "must hold labels from 0 to 9; label number 1 is 10",
        ),
        (np.zeros((3, 2), "u1"), np.zeros(3, "u1"), "must hold uint8 values in 3 dimensions; got uint8 in 2"),
        (np.zeros((3, 2, 2), "u1"), np.zeros(3, "i4"), "must hold uint8 values in 1 dimensions; got int32 in 1"),
    ],
)
def test_pairs_that_do_not_fit(tmp_path, idx_bytes, images, labels, sentence):
    (tmp_path / "images").write_bytes(idx_bytes(images))
    (tmp_path / "labels").write_bytes(idx_bytes(labels))
    with pytest.raises(ValueError, match=sentence):
        read_labelled_images(tmp_path / "images", tmp_path / "labels")
