"""Neural networks for people who have arrays.

- `MLPClassifier`, `MLPRegressor`, `NetworkClassifier`, `NetworkRegressor`, `SequenceClassifier`, `SequenceTagger`,
  `Autoencoder`: scikit-learn estimators.
- `train` a model on arrays and get a `Run`; `load` one from its folder; `Objective`, `Stopping`, `Start`, `TrainingWarning`.
- `read_table`: tables as people have them.
- `laplace`: how sure a trained model is.
- The rooms: `shinso.bayes`, `shinso.curvature`, `shinso.data`, `shinso.deploy`, `shinso.diagnose`, `shinso.experiment`,
  `shinso.nn`, `shinso.objectives`, `shinso.optim`, `shinso.report`, `shinso.reproduce`, `shinso.settings`, `shinso.studio`,
  `shinso.textbook`, `shinso.training`, `shinso.tuning`.
- `check_gradients` of any model and cost.

Names are imported when they are first used, so that `import shinso` and `shinso --help` take no time.
"""

from typing import TYPE_CHECKING

from shinso._lazy import lazily
from shinso._version import __version__ as __version__

if TYPE_CHECKING:
    from shinso import bayes as bayes
    from shinso import curvature as curvature
    from shinso import data as data
    from shinso import deploy as deploy
    from shinso import diagnose as diagnose
    from shinso import estimators as estimators
    from shinso import experiment as experiment
    from shinso import nn as nn
    from shinso import objectives as objectives
    from shinso import optim as optim
    from shinso import report as report
    from shinso import reproduce as reproduce
    from shinso import settings as settings
    from shinso import studio as studio
    from shinso import textbook as textbook
    from shinso import training as training
    from shinso import tuning as tuning
    from shinso.bayes import laplace as laplace
    from shinso.data import read_table as read_table
    from shinso.estimators import Autoencoder as Autoencoder
    from shinso.estimators import MLPClassifier as MLPClassifier
    from shinso.estimators import MLPRegressor as MLPRegressor
    from shinso.estimators import NetworkClassifier as NetworkClassifier
    from shinso.estimators import NetworkRegressor as NetworkRegressor
    from shinso.estimators import SequenceClassifier as SequenceClassifier
    from shinso.estimators import SequenceTagger as SequenceTagger
    from shinso.objectives import Objective as Objective
    from shinso.objectives import check_gradients as check_gradients
    from shinso.training import Run as Run
    from shinso.training import Start as Start
    from shinso.training import Stopping as Stopping
    from shinso.training import TrainingWarning as TrainingWarning
    from shinso.training import load as load
    from shinso.training import train as train
    from shinso.tuning import find_learning_rate as find_learning_rate
    from shinso.tuning import tune as tune
else:
    __getattr__, __dir__, __all__ = lazily(__name__, __file__)
