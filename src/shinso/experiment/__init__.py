"""A whole experiment: from settings and a source of data to a run folder, and the use of the folder afterwards.

- `run_experiment`, `resume_run`, `evaluate_run`, `predict_run` (`Predictions`): what the command line does.
- `complete`: the settings with everything chosen that a person left open.
- `prepare_experiment`, `training_arguments`: the two steps before training, for whoever trains in another way.
- `read_experiment`, `data_of_run`, `encoder_of`, `read_inputs`, `in_words`: what a run folder knows of its data.
"""

from shinso.experiment._defaults import complete as complete
from shinso.experiment._experiment import Predictions as Predictions
from shinso.experiment._experiment import data_of_run as data_of_run
from shinso.experiment._experiment import encoder_of as encoder_of
from shinso.experiment._experiment import evaluate_run as evaluate_run
from shinso.experiment._experiment import in_words as in_words
from shinso.experiment._experiment import predict_run as predict_run
from shinso.experiment._experiment import prepare_experiment as prepare_experiment
from shinso.experiment._experiment import read_experiment as read_experiment
from shinso.experiment._experiment import read_inputs as read_inputs
from shinso.experiment._experiment import resume_run as resume_run
from shinso.experiment._experiment import run_experiment as run_experiment
from shinso.experiment._experiment import training_arguments as training_arguments
from shinso.experiment._settings import Settings as Settings
from shinso.experiment._settings import read_settings as read_settings
