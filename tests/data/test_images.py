"""Pictures from files: colours, sizes, depth, orientation, transparency."""

import numpy as np
import pytest
from PIL import Image

from shinso.data import Encoder, ImageInputs, TargetEncoder, read_image, read_pictures

RAMP = np.arange(12, dtype=np.uint8).reshape(3, 4) * 20
ENCODER = Encoder(
    ImageInputs((3, 4, 1), (0.0,), (1.0,), unit=True), TargetEncoder("classification", ("y",), classes=("a", "b"))
)


def save(folder, array, name="a.png", **options):
    Image.fromarray(array).save(folder / name, **options)
    return folder / name


def test_grey_rgb_and_back(tmp_path):
    grey = read_image(save(tmp_path, RAMP), (3, 4, 1))
    np.testing.assert_array_equal(grey[..., 0], (RAMP / 255).astype(np.float32))
    assert grey.dtype == np.float32
    np.testing.assert_array_equal(read_image(tmp_path / "a.png", (3, 4, 3)), np.repeat(grey, 3, axis=2))
    colour = np.stack([RAMP, RAMP[::-1], 0 * RAMP], axis=-1)
    path = save(tmp_path, colour)
    np.testing.assert_array_equal(read_image(path, (3, 4, 3)), (colour / 255).astype(np.float32))
    luma = colour @ np.array([0.299, 0.587, 0.114]) / 255  # ITU-R 601
    np.testing.assert_allclose(read_image(path, (3, 4, 1))[..., 0], luma, atol=0.6 / 255)


def test_sixteen_bits_transparency_and_orientation(tmp_path):
    deep = read_image(save(tmp_path, RAMP.astype(np.uint16) * 257), (3, 4, 1))
    np.testing.assert_array_equal(deep[..., 0], (RAMP / 255).astype(np.float32))
    clear = np.stack([RAMP + 30] * 3 + [np.where(RAMP > 100, 255, 0).astype(np.uint8)], axis=-1)
    shown = read_image(save(tmp_path, clear), (3, 4, 1))[..., 0]
    np.testing.assert_array_equal(shown, np.where(RAMP > 100, (RAMP + 30) / 255, 1).astype(np.float32))
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by a quarter
    path = save(tmp_path, np.rot90(RAMP), exif=exif)
    np.testing.assert_array_equal(read_image(path, (3, 4, 1))[..., 0], (RAMP / 255).astype(np.float32))


def test_jpeg_and_resize(tmp_path):
    path = save(tmp_path, np.full((30, 40), 128, np.uint8), "a.JPG")
    with pytest.warns(UserWarning, match="a.JPG: scaled from 40×30 to 4×3 pixels"):
        image = read_image(path, (3, 4, 1), resize=True)
    np.testing.assert_allclose(image, 128 / 255, atol=2 / 255)
    with pytest.warns(UserWarning, match="a.JPG: scaled from 40×30 to 4×3 pixels"):
        raw = ENCODER.read(path, resize=True)
    np.testing.assert_array_equal(ENCODER.encode(raw), image[None])


def test_bad_files(tmp_path):
    path = save(tmp_path, np.zeros((5, 6), np.uint8))
    with pytest.raises(ValueError, match=r"a.png must be an image of 4×3 pixels .*; it has 6×5; pass resize=True"):
        ENCODER.read(path)
    (tmp_path / "b.png").write_bytes(b"no picture")
    with pytest.raises(ValueError, match=r"b\.png cannot be read as an image"):
        ENCODER.read(tmp_path / "b.png")
    (tmp_path / "c.png").write_bytes(save(tmp_path, RAMP).read_bytes()[:48])
    with pytest.raises(ValueError, match=r"c\.png cannot be read as an image") as caught:
        ENCODER.read(tmp_path / "c.png")
    assert "\n" not in str(caught.value)
    with pytest.raises(ValueError, match="does not exist"):
        ENCODER.read(tmp_path / "none.png")
    with pytest.raises(ValueError, match="is a folder"):
        ENCODER.read(tmp_path)
    (tmp_path / "t.csv").write_text("a\n1\n")
    with pytest.raises(ValueError, match=r"t.csv must be an image \(.png, .jpg, .*\) or .npz"):
        ENCODER.read(tmp_path / "t.csv")
    with pytest.raises(ValueError, match="an image file has 1 or 3 channels; the model expects 2"):
        read_image(save(tmp_path, RAMP), (3, 4, 2))


def test_arrays_of_one_image_or_many():
    one = (RAMP / 255).astype(np.float32)
    for raw in (one, one[None], one[..., None], one[None, ..., None], RAMP, Image.fromarray(RAMP)):
        np.testing.assert_array_equal(ENCODER.encode(raw), one[None, ..., None])
    assert ENCODER.encode(np.zeros((7, 3, 4))).shape == (7, 3, 4, 1)


@pytest.mark.parametrize(
    ("raw", "sentence"),
    [
        (np.zeros((2, 4, 3, 1)), r"inputs must have shape \(N, 3, 4, 1\); got \(2, 4, 3, 1\)"),
        (np.zeros((2, 3, 4, 3)), r"inputs must have shape \(N, 3, 4, 1\); got \(2, 3, 4, 3\)"),
        (np.full((2, 3, 4, 1), 16.0), "inputs must be pixels from 0 to 1, .*; got values from 16 to 16"),
        (np.full((2, 3, 4, 1), np.nan), r"got NaN at inputs\[0, 0, 0, 0\]"),
        (Image.fromarray(np.zeros((4, 3), np.uint8)), "the image must have 4×3 pixels .*; it has 3×4"),
    ],
)
def test_bad_arrays(raw, sentence):
    with pytest.raises(ValueError, match=sentence):
        ENCODER.encode(raw)


def test_palettes_cmyk_and_grey_with_alpha(tmp_path):
    colours = np.zeros((3, 4, 3), np.uint8)
    colours[:, :2] = (200, 100, 50)
    image = Image.fromarray(colours)
    image.convert("P", palette=Image.Palette.ADAPTIVE).save(tmp_path / "p.png")
    np.testing.assert_allclose(read_image(tmp_path / "p.png", (3, 4, 3)), colours / 255, atol=2 / 255)
    image.convert("CMYK").save(tmp_path / "c.tif")
    np.testing.assert_allclose(read_image(tmp_path / "c.tif", (3, 4, 3)), colours / 255, atol=2 / 255)
    grey = np.stack([RAMP, np.where(RAMP > 100, 255, 0).astype(np.uint8)], axis=-1)
    shown = read_image(save(tmp_path, grey, "la.png"), (3, 4, 1))[..., 0]
    np.testing.assert_array_equal(shown, np.where(RAMP > 100, RAMP / 255, 1).astype(np.float32))


def test_large_pictures_are_scaled_down(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    paths = [save(tmp_path, np.zeros((200, 300), np.uint8), f"turned{k}.png", exif=exif) for k in range(2)]
    paths.append(save(tmp_path, np.zeros((300, 200), np.uint8), "upright.png"))
    pictures = read_pictures(paths)
    assert pictures.images.shape == (3, 128, 85, 1)
    assert pictures.notes[0].startswith("3 images of other sizes scaled to 128×85")
    with pytest.raises(ValueError, match="none of 1 image files can be read"):
        read_pictures([tmp_path / "none.png"])
