"""The one training loop and what it returns. The room can be called itself: `shinso.train(…)` is `train`.

- `train`: arrays to a `Run`; `train_many`: models side by side; `train_ensemble`: an `Ensemble`; `whole_set_statistics`:
  exact batch normalization.
- `Stopping`, `Start`, `Event`, `TrainingWarning`: what goes in and what it tells.
- `Run`, `History`, `Stop`, `Timing`, `Evaluation`, `Mistake`: what comes out. `load`: a `Run` from its folder.
- Strategies, built on `train`: `pretrain_autoencoders`, `pretrain_supervised` (layer by layer), `train_boltzmann`,
  `train_belief_net`, `fit_hints`, `distill` (from a teacher), `curriculum` (easy examples first), `continuation` (a blurred
  cost first); they return `Stages`.
- `Settings`, `read_settings`, `run_experiment`, `resume_run`, `evaluate_run`, `predict_run`, `Predictions`, `encoder_of`,
  `read_experiment`, `data_of_run`, `read_inputs`, `in_words`: a whole experiment, from a source of data to a run folder
  and back.
- `find_learning_rate`, `RateSearch`: a learning rate before training. `tune`, `STRATEGIES`, `TuningEvent`: settings better
  than the defaults; `Tuning`, `Trial`, `Comparison`, `Margin`: what was tried, what won, and by how much.
- `in_chunks`: a function of a batch over any number of examples.
- `ProgressBar`, `metrics_in_words`, `hardest_confusion`, `wilson_interval`: the same for a person to read.
"""

import sys
import types

from shinso.train._belief_net import train_belief_net as train_belief_net
from shinso.train._belief_net import train_boltzmann as train_boltzmann
from shinso.train._chunks import in_chunks as in_chunks
from shinso.train._continuation import continuation as continuation
from shinso.train._curriculum import curriculum as curriculum
from shinso.train._defaults import complete as complete
from shinso.train._device import device_named as device_named
from shinso.train._distillation import distill as distill
from shinso.train._ensemble import Ensemble as Ensemble
from shinso.train._ensemble import train_ensemble as train_ensemble
from shinso.train._evaluation import Evaluation as Evaluation
from shinso.train._evaluation import Mistake as Mistake
from shinso.train._evaluation import hardest_confusion as hardest_confusion
from shinso.train._evaluation import wilson_interval as wilson_interval
from shinso.train._experiment import Predictions as Predictions
from shinso.train._experiment import data_of_run as data_of_run
from shinso.train._experiment import encoder_of as encoder_of
from shinso.train._experiment import evaluate_run as evaluate_run
from shinso.train._experiment import in_words as in_words
from shinso.train._experiment import predict_run as predict_run
from shinso.train._experiment import read_experiment as read_experiment
from shinso.train._experiment import read_inputs as read_inputs
from shinso.train._experiment import resume_run as resume_run
from shinso.train._experiment import run_experiment as run_experiment
from shinso.train._folder import load as load
from shinso.train._hints import fit_hints as fit_hints
from shinso.train._history import History as History
from shinso.train._pretraining import pretrain_autoencoders as pretrain_autoencoders
from shinso.train._progress import Event as Event
from shinso.train._progress import ProgressBar as ProgressBar
from shinso.train._progress import metrics_in_words as metrics_in_words
from shinso.train._rate_finder import RateSearch as RateSearch
from shinso.train._rate_finder import find_learning_rate as find_learning_rate
from shinso.train._run import Run as Run
from shinso.train._run import Stop as Stop
from shinso.train._run import Timing as Timing
from shinso.train._session import Start as Start
from shinso.train._session import TrainingWarning as TrainingWarning
from shinso.train._settings import Settings as Settings
from shinso.train._settings import read_settings as read_settings
from shinso.train._stages import Stages as Stages
from shinso.train._stopping import Stopping as Stopping
from shinso.train._supervised_pretraining import pretrain_supervised as pretrain_supervised
from shinso.train._train import train as train
from shinso.train._train import train_many as train_many
from shinso.train._trials import Trial as Trial
from shinso.train._tune import STRATEGIES as STRATEGIES
from shinso.train._tune import TuningEvent as TuningEvent
from shinso.train._tune import tune as tune
from shinso.train._tuning import Comparison as Comparison
from shinso.train._tuning import Margin as Margin
from shinso.train._tuning import Tuning as Tuning
from shinso.train._whole_set import whole_set_statistics as whole_set_statistics


class _Room(types.ModuleType):
    """A module that trains when it is called, because `shinso.train` is both the room and its main function."""

    __call__ = staticmethod(train)


sys.modules[__name__].__class__ = _Room
