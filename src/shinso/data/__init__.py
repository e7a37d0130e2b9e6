"""Sources of examples: digits, MNIST, tables and arrays; their splits, and their encoding as arrays.

`prepare` does it all in one call. Of its parts: `Dataset` (examples as arrays), `Encoder` (raw data ↔ arrays, fitted on
training examples), `split`, `Characters` and `next_symbols` (text), the readers `read_table` (`columns_of` says what
it found), `read_sequences`, `read_idx`, `read_npz`, `read_image`, `read_pictures`, `IMAGE_SUFFIXES`, MNIST's `locate`,
`load_mnist`, `fetch_mnist`, a verified `download`, `centred_digit` and `read_digit_string` for drawn digits, and
checks of arrays that other rooms share. NumPy only.
"""

from typing import TYPE_CHECKING

from shinso._lazy import lazily

if TYPE_CHECKING:
    from shinso.data._array_inputs import ImageInputs as ImageInputs
    from shinso.data._array_inputs import VectorInputs as VectorInputs
    from shinso.data._arrays import check_finite as check_finite
    from shinso.data._arrays import check_inputs as check_inputs
    from shinso.data._arrays import check_shape as check_shape
    from shinso.data._arrays import number_array as number_array
    from shinso.data._augmentation import augment_by_shifts as augment_by_shifts
    from shinso.data._category_column import CategoryColumn as CategoryColumn
    from shinso.data._columns import column_kind as column_kind
    from shinso.data._constant_column import ConstantColumn as ConstantColumn
    from shinso.data._dataset import KINDS as KINDS
    from shinso.data._dataset import Dataset as Dataset
    from shinso.data._dataset import Kind as Kind
    from shinso.data._dataset import Label as Label
    from shinso.data._dataset import check_targets as check_targets
    from shinso.data._date_column import DateColumn as DateColumn
    from shinso.data._digit_strings import ReadDigit as ReadDigit
    from shinso.data._digit_strings import read_digit_string as read_digit_string
    from shinso.data._digits import load_digits as load_digits
    from shinso.data._download import DownloadError as DownloadError
    from shinso.data._download import DownloadProgress as DownloadProgress
    from shinso.data._download import download as download
    from shinso.data._download import sha256_of as sha256_of
    from shinso.data._encoder import Encoder as Encoder
    from shinso.data._frames import frame_of as frame_of
    from shinso.data._frames import is_frame as is_frame
    from shinso.data._handwriting import centred_digit as centred_digit
    from shinso.data._idx import read_idx as read_idx
    from shinso.data._idx import read_labelled_images as read_labelled_images
    from shinso.data._image_files import read_pictures as read_pictures
    from shinso.data._images import IMAGE_SUFFIXES as IMAGE_SUFFIXES
    from shinso.data._images import image_array as image_array
    from shinso.data._images import read_image as read_image
    from shinso.data._missing import MISSING as MISSING
    from shinso.data._mnist import MNIST_MIRRORS as MNIST_MIRRORS
    from shinso.data._mnist import MNIST_SHA256 as MNIST_SHA256
    from shinso.data._mnist import Place as Place
    from shinso.data._mnist import cache_folder as cache_folder
    from shinso.data._mnist import fetch_mnist as fetch_mnist
    from shinso.data._mnist import load_mnist as load_mnist
    from shinso.data._mnist import locate as locate
    from shinso.data._npz import read_npz as read_npz
    from shinso.data._number_column import NumberColumn as NumberColumn
    from shinso.data._options import ReadingOptions as ReadingOptions
    from shinso.data._prepare import Prepared as Prepared
    from shinso.data._prepare import prepare as prepare
    from shinso.data._raw import SOURCES as SOURCES
    from shinso.data._reading import Column as Column
    from shinso.data._reading import Reading as Reading
    from shinso.data._reading import columns_of as columns_of
    from shinso.data._reading import read_table as read_table
    from shinso.data._sequences import SequenceSet as SequenceSet
    from shinso.data._sequences import read_sequences as read_sequences
    from shinso.data._splits import Split as Split
    from shinso.data._splits import book_split as book_split
    from shinso.data._splits import split as split
    from shinso.data._table_inputs import TableInputs as TableInputs
    from shinso.data._target_kinds import infer_kind as infer_kind
    from shinso.data._targets import TargetEncoder as TargetEncoder
    from shinso.data._text import Characters as Characters
    from shinso.data._text import next_symbols as next_symbols
    from shinso.data._text_column import TextColumn as TextColumn
    from shinso.data._text_source import TextInputs as TextInputs
else:
    __getattr__, __dir__, __all__ = lazily(__name__, __file__)
