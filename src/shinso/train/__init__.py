"""The one training loop and what it returns. The room can be called itself: `shinso.train(…)` is `train`.

- `train`: arrays to a `Run`. `Stopping`, `Start`, `Event`, `TrainingWarning`: what goes in and what it tells.
- `Run`, `History`, `Stop`, `Timing`, `Evaluation`, `Mistake`: what comes out. `load`: a `Run` from its folder.
- `Settings`, `read_settings`, `run_experiment`, `resume_run`, `evaluate_run`, `predict_run`, `Predictions`, `encoder_of`,
  `read_experiment`: a whole experiment, from a source of data to a run folder and back.
- `ProgressBar`, `metrics_in_words`, `hardest_confusion`, `wilson_interval`: the same for a person to read.
"""

import sys
import types

from shinso.train._defaults import complete as complete
from shinso.train._device import device_named as device_named
from shinso.train._evaluation import Evaluation as Evaluation
from shinso.train._evaluation import Mistake as Mistake
from shinso.train._evaluation import hardest_confusion as hardest_confusion
from shinso.train._evaluation import wilson_interval as wilson_interval
from shinso.train._experiment import Predictions as Predictions
from shinso.train._experiment import encoder_of as encoder_of
from shinso.train._experiment import evaluate_run as evaluate_run
from shinso.train._experiment import predict_run as predict_run
from shinso.train._experiment import read_experiment as read_experiment
from shinso.train._experiment import resume_run as resume_run
from shinso.train._experiment import run_experiment as run_experiment
from shinso.train._folder import load as load
from shinso.train._history import History as History
from shinso.train._progress import Event as Event
from shinso.train._progress import ProgressBar as ProgressBar
from shinso.train._progress import metrics_in_words as metrics_in_words
from shinso.train._run import Run as Run
from shinso.train._run import Stop as Stop
from shinso.train._run import Timing as Timing
from shinso.train._settings import Settings as Settings
from shinso.train._settings import read_settings as read_settings
from shinso.train._stopping import Stopping as Stopping
from shinso.train._train import Start as Start
from shinso.train._train import TrainingWarning as TrainingWarning
from shinso.train._train import train as train


class _Room(types.ModuleType):
    """A module that trains when it is called, because `shinso.train` is both the room and its main function."""

    __call__ = staticmethod(train)


sys.modules[__name__].__class__ = _Room
