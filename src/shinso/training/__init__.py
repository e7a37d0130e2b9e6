"""The one training loop, what it returns, and the strategies built on it.

- `train`: arrays to a `Run`; `train_many`: models side by side; `train_ensemble`: an `Ensemble`; `recalibrate_batch_norm`:
  exact batch normalization.
- `Stopping`, `Start`, `Event`, `TrainingWarning`: what goes in and what it tells. `device_named`: where it runs.
- `Run`, `History`, `Plan` (of probes), `Stop`, `Timing`, `Evaluation`, `Mistake`: what comes out. `load`: a `Run` or an
  `Ensemble` from its folder, `load_run`: the former alone. Its files are `RUN`, `CHECKPOINT` and others; `read_run_json`
  reads the first; `is_unstarted`: whether there is nothing of a run yet; `history_so_far`, `probes_so_far`: its rows while
  it is trained; `read_overview` (an `Overview`): what a folder says, without JAX.
- Strategies, built on `train`: `pretrain_autoencoders`, `pretrain_supervised` (layer by layer), `train_boltzmann`,
  `train_belief_net`, `fit_hints`, `distill` (from a teacher), `curriculum` (easy examples first), `continuation` (a blurred
  cost first); they return `Stages`. `TRAINING_STRATEGIES`: those that plain arguments start, by name. `cut_short`: whether
  a stage should be the last.
- `in_chunks`: a function of a batch over any number of examples;
  `codes_of`: an autoencoder's codes. `digest_of`: what tells data from other data.
  `environment`: versions, platform and device.
- `Progress`: what may listen; `tracker` (a `Tracker` of `TRACKERS`): TensorBoard, MLflow, Weights & Biases, trackio.
- `ProgressBar`, `metrics_in_words`, `hardest_confusion`, `wilson_interval`: the same for a person to read;
  `evaluate_numbers`: an evaluation in a target's own units.
"""

from typing import TYPE_CHECKING

from shinso._lazy import lazily

if TYPE_CHECKING:
    from shinso._kinds import TRAINING_STRATEGIES as TRAINING_STRATEGIES
    from shinso.training._batch_norm_statistics import recalibrate_batch_norm as recalibrate_batch_norm
    from shinso.training._belief_net import train_belief_net as train_belief_net
    from shinso.training._belief_net import train_boltzmann as train_boltzmann
    from shinso.training._chunks import codes_of as codes_of
    from shinso.training._chunks import in_chunks as in_chunks
    from shinso.training._chunks import outputs_of as outputs_of
    from shinso.training._continuation import continuation as continuation
    from shinso.training._curriculum import curriculum as curriculum
    from shinso.training._description import read_run_json as read_run_json
    from shinso.training._device import device_named as device_named
    from shinso.training._digest import digest_of as digest_of
    from shinso.training._distillation import distill as distill
    from shinso.training._ensemble import Ensemble as Ensemble
    from shinso.training._environment import environment as environment
    from shinso.training._evaluation import Evaluation as Evaluation
    from shinso.training._evaluation import Mistake as Mistake
    from shinso.training._evaluation import hardest_confusion as hardest_confusion
    from shinso.training._finish import TrainingWarning as TrainingWarning
    from shinso.training._folder import CHECKPOINT as CHECKPOINT
    from shinso.training._folder import ENSEMBLE as ENSEMBLE
    from shinso.training._folder import RUN as RUN
    from shinso.training._folder import is_unstarted as is_unstarted
    from shinso.training._hints import fit_hints as fit_hints
    from shinso.training._history import History as History
    from shinso.training._history_so_far import history_so_far as history_so_far
    from shinso.training._history_so_far import probes_so_far as probes_so_far
    from shinso.training._load import load as load
    from shinso.training._load import load_run as load_run
    from shinso.training._notes import general_notes as general_notes
    from shinso.training._overview import Overview as Overview
    from shinso.training._overview import read_overview as read_overview
    from shinso.training._pretraining import pretrain_autoencoders as pretrain_autoencoders
    from shinso.training._probe_plan import Plan as Plan
    from shinso.training._progress import Event as Event
    from shinso.training._progress import Progress as Progress
    from shinso.training._progress import ProgressBar as ProgressBar
    from shinso.training._progress import metrics_in_words as metrics_in_words
    from shinso.training._run import Run as Run
    from shinso.training._scores import evaluate_numbers as evaluate_numbers
    from shinso.training._scores import paired_difference as paired_difference
    from shinso.training._scores import wilson_interval as wilson_interval
    from shinso.training._stages import Stages as Stages
    from shinso.training._stages import cut_short as cut_short
    from shinso.training._start import Start as Start
    from shinso.training._stop import Stop as Stop
    from shinso.training._stopping import Stopping as Stopping
    from shinso.training._supervised_pretraining import pretrain_supervised as pretrain_supervised
    from shinso.training._tables import evaluated_in_units as evaluated_in_units
    from shinso.training._timing import Timing as Timing
    from shinso.training._trackers import TRACKERS as TRACKERS
    from shinso.training._trackers import Tracker as Tracker
    from shinso.training._trackers import tracker as tracker
    from shinso.training._train import train as train
    from shinso.training._train_ensemble import train_ensemble as train_ensemble
    from shinso.training._train_many import train_many as train_many
else:
    __getattr__, __dir__, __all__ = lazily(__name__, __file__)
