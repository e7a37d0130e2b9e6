"""The sources' experiments as data, and one runner for them; nothing here imports JAX before something is run.

- `ENTRIES`: every published result by id, an `Entry`: `Claim`s, `Procedure`s, `Panel`s of its figure. `find_entries` by id.
- `run_entries`: run what has no record yet; `missing` says what that is (`Group`s), `usable` what there is, `figure_path`
  where the figure is. `Record`: what a seed came to, one JSON file; `read_records`.
- `rows_of`, `how`, `duration_in_words`: published · ours · agrees, and how it came to be, for a person.
- `EXPERIMENTS`: what steps may name, with a `Context` and a `Result` for each seed.
"""

from shinso.reproduce._entries import ENTRIES as ENTRIES
from shinso.reproduce._entry import Claim as Claim
from shinso.reproduce._entry import Entry as Entry
from shinso.reproduce._entry import Panel as Panel
from shinso.reproduce._entry import Procedure as Procedure
from shinso.reproduce._entry import Verdict as Verdict
from shinso.reproduce._experiments import EXPERIMENTS as EXPERIMENTS
from shinso.reproduce._experiments import Context as Context
from shinso.reproduce._plan import Group as Group
from shinso.reproduce._plan import find_entries as find_entries
from shinso.reproduce._plan import missing as missing
from shinso.reproduce._plan import usable as usable
from shinso.reproduce._record import Record as Record
from shinso.reproduce._record import Result as Result
from shinso.reproduce._record import read_records as read_records
from shinso.reproduce._runner import figure_path as figure_path
from shinso.reproduce._runner import run_entries as run_entries
from shinso.reproduce._words import ClaimRow as ClaimRow
from shinso.reproduce._words import duration_in_words as duration_in_words
from shinso.reproduce._words import how as how
from shinso.reproduce._words import rows_of as rows_of
