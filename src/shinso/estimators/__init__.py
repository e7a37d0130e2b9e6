"""scikit-learn's face: estimators with `fit` and `predict`. Thin: training is `shinso.train`, numbers are elsewhere.

- `MLPClassifier`, `MLPRegressor`: scikit-learn's multilayer perceptrons, argument for argument, and more.
- `NetworkClassifier`, `NetworkRegressor`: any network, on tables and images.
- `BernoulliRBM`: scikit-learn's restricted Boltzmann machine, argument for argument.
- `SequenceClassifier`: a recurrent network, on sequences of different lengths; `SequenceTagger`: a label for every step.
- `Autoencoder`: a transformer, examples to codes and back.
"""

from typing import TYPE_CHECKING

from shinso._lazy import lazily

if TYPE_CHECKING:
    from shinso.estimators._autoencoder import Autoencoder as Autoencoder
    from shinso.estimators._boltzmann import BernoulliRBM as BernoulliRBM
    from shinso.estimators._mlp_classifier import MLPClassifier as MLPClassifier
    from shinso.estimators._mlp_regressor import MLPRegressor as MLPRegressor
    from shinso.estimators._network_classifier import NetworkClassifier as NetworkClassifier
    from shinso.estimators._network_regressor import NetworkRegressor as NetworkRegressor
    from shinso.estimators._sequence_classifier import SequenceClassifier as SequenceClassifier
    from shinso.estimators._sequence_tagger import SequenceTagger as SequenceTagger
else:
    __getattr__, __dir__, __all__ = lazily(__name__, __file__)
