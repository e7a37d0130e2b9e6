"""Choosing hyperparameters: a learning rate before training, and searches for settings better than the defaults.

- `find_learning_rate`: a `RateSearch`.
- `tune`, `STRATEGIES`, `TuningEvent`: the search; `Tuning`, `Trial`, `Comparison`, `Margin`: what was tried, what won,
  and by how much.
"""

from shinso.tuning._rate_finder import find_learning_rate as find_learning_rate
from shinso.tuning._rate_search import RateSearch as RateSearch
from shinso.tuning._result import Comparison as Comparison
from shinso.tuning._result import Margin as Margin
from shinso.tuning._result import Tuning as Tuning
from shinso.tuning._search_run import TuningEvent as TuningEvent
from shinso.tuning._trials import Trial as Trial
from shinso.tuning._tune import STRATEGIES as STRATEGIES
from shinso.tuning._tune import tune as tune
