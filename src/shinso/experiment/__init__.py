"""A whole experiment: from settings and a source of data to a run folder, and the use of the folder afterwards.

- `run_experiment`, `resume_run`, `evaluate_run`, `predict_run` (`Predictions`), `sample_run`: what the command line does.
- `prepare_experiment`, `describe`, `arguments_of` (or `training_arguments` of its parts), `likelihood_named`,
  `likelihood_for`, `reading_of`, `optimizer_of`: the steps before training, for whoever trains in another way; `first_keys`,
  `network_of`: the networks before it; `train_by_settings`: training itself.
- `read_experiment` (of the file `SETTINGS`), `data_of_run`, `encoder_of`, `read_inputs`, `encoded_rows`, `predicted`,
  `in_words`: what a run folder knows of its data. `next_folder`: where the next one goes. `compare_runs` (`RunComparison`,
  `ComparedRun`, `Gain`): some.
"""

from typing import TYPE_CHECKING

from shinso._lazy import lazily

if TYPE_CHECKING:
    from shinso.experiment._arguments import first_keys as first_keys
    from shinso.experiment._arguments import likelihood_for as likelihood_for
    from shinso.experiment._arguments import likelihood_named as likelihood_named
    from shinso.experiment._arguments import network_of as network_of
    from shinso.experiment._arguments import optimizer_of as optimizer_of
    from shinso.experiment._arguments import training_arguments as training_arguments
    from shinso.experiment._comparison import ComparedRun as ComparedRun
    from shinso.experiment._comparison import Gain as Gain
    from shinso.experiment._comparison import RunComparison as RunComparison
    from shinso.experiment._comparison import compare_runs as compare_runs
    from shinso.experiment._evaluate import data_of_run as data_of_run
    from shinso.experiment._evaluate import encoder_of as encoder_of
    from shinso.experiment._evaluate import evaluate_run as evaluate_run
    from shinso.experiment._folder import SETTINGS as SETTINGS
    from shinso.experiment._folder import next_folder as next_folder
    from shinso.experiment._folder import read_experiment as read_experiment
    from shinso.experiment._predictions import Predictions as Predictions
    from shinso.experiment._predictions import encoded_rows as encoded_rows
    from shinso.experiment._predictions import in_words as in_words
    from shinso.experiment._predictions import predict_run as predict_run
    from shinso.experiment._predictions import predicted as predicted
    from shinso.experiment._predictions import read_inputs as read_inputs
    from shinso.experiment._prepare import arguments_of as arguments_of
    from shinso.experiment._prepare import describe as describe
    from shinso.experiment._prepare import prepare_experiment as prepare_experiment
    from shinso.experiment._prepare import reading_of as reading_of
    from shinso.experiment._run import resume_run as resume_run
    from shinso.experiment._run import run_experiment as run_experiment
    from shinso.experiment._sample import sample_run as sample_run
    from shinso.experiment._training import train_by_settings as train_by_settings
else:
    __getattr__, __dir__, __all__ = lazily(__name__, __file__)
