"""Each rule on numbers written down: what it finds, and the nearest case in which it must not."""

from dataclasses import replace

import numpy as np
import pytest

from shinso.diagnose import DataFacts, Evidence, Layers, Skills, findings_of

LAYERS = Layers(
    gradient=np.array([0.2, 0.3, 0.4, 0.3]),
    weight=np.array([5.0, 5.0, 5.0, 3.0]),
    ratio=np.array([0.004, 0.004, 0.004, 0.006]),
    saturated=np.array([0.02, 0.03, 0.03]),
    dead=np.array([0.0, 0.0, 0.1]),
    spread=np.array([1.2, 1.1, 1.0]),
)
FALLING = np.array([1.2, 0.7, 0.5, 0.42, 0.38, 0.36, 0.35, 0.345, 0.342, 0.341])
GOOD_FIT = Skills(800, 200, chance=0.3, training=0.97, validation=0.95, reference=0.93, constant_loss=1.1, loss=0.1)
BAD_FIT = replace(GOOD_FIT, training=0.5, validation=0.5, loss=1.0)
WELL = Evidence(
    epochs=10,
    steps=1000,
    settings={"optimizer": {"name": "adam", "learning_rate": 0.003}, "shuffle": "every_epoch"},
    course={
        "loss": FALLING,
        "cost": FALLING,
        "validation_loss": FALLING + 0.05,
        "gradient_norm": np.full(10, 0.5),
        "learning_rate": np.full(10, 0.003),
    },
    start=LAYERS,
    end=LAYERS,
    steps_taken=LAYERS.ratio,
    data=DataFacts(examples=800, majority=0.35, rarest=0.3),
    fit=GOOD_FIT,
)
ILL = replace(WELL, fit=BAD_FIT)


def course(evidence, **columns):
    return replace(
        evidence, course={**evidence.course, **{name: np.asarray(each, float) for name, each in columns.items()}}
    )


def start(evidence, **layers):
    return replace(evidence, start=replace(LAYERS, **{name: np.asarray(each, float) for name, each in layers.items()}))


def of_data(evidence, **facts):
    return replace(evidence, data=replace(evidence.data, **facts))


def of_fit(evidence, **numbers):
    return replace(evidence, fit=replace(evidence.fit, **numbers))


def numbers(evidence, **facts):
    return of_data(replace(evidence, likelihood=("gaussian", "regression")), majority=np.nan, **facts)


SGD = {"optimizer": {"name": "sgd", "learning_rate": 0.1}, "shuffle": "every_epoch"}
UP = np.array([1.0, 0.6, 0.5, 0.55, 0.62, 0.7, 0.8, 0.9, 1.0, 1.1])
WHOLE = {"whole": True, "distinct": 3, "least": 0.0, "target_mean": 1.0, "target_deviation": 0.8}
TURNED = course(WELL, validation_loss=UP)
SLOWLY = [1.1, 1.05, 1.04, 1, 0.99, 0.98, 0.95, 0.9, 0.9, 0.88]
TABLE = {
    # code: (ill, well enough)
    "diverged": (course(ILL, loss=FALLING * 1e9), course(WELL, loss=FALLING * 10)),
    "rate_too_high": (start(ILL, ratio=[0.5, 2.0, 0.1, 0.3]), start(WELL, ratio=[0.5, 2.0, 0.1, 0.3])),
    "rate_too_low": (replace(ILL, steps_taken=np.full(4, 1e-5)), replace(WELL, steps_taken=np.full(4, 1e-5))),
    "rate_decayed_early": (
        course(ILL, learning_rate=[0.003, 0.003] + [1e-6] * 8),
        course(ILL, learning_rate=0.003 * np.cos(np.linspace(0, 1.5, 10))),
    ),
    "output_saturation": (
        of_fit(replace(ILL, likelihood=("sigmoid_quadratic", "classification")), stuck=0.4),
        of_fit(ILL, stuck=0.4),
    ),
    "hidden_saturation": (
        start(ILL, saturated=[0.8, 0.1, 0.1], spread=[20, 1, 1]),
        start(ILL, saturated=[0.3, 0.1, 0.1]),
    ),
    "vanishing_gradient": (start(ILL, gradient=[1e-4, 1e-3, 0.01, 0.3]), start(ILL, gradient=[0.1, 0.1, 0.2, 0.3])),
    "exploding_gradient": (start(ILL, gradient=[900.0, 90.0, 9.0, 1.0]), start(ILL, gradient=[9.0, 4.0, 2.0, 1.0])),
    "dead_units": (start(ILL, dead=[1.0, 0.0, 0.0]), start(ILL, dead=[0.3, 0.0, 0.0])),
    "bad_scale": (start(ILL, spread=[0.01, 1e-4, 1e-6]), start(ILL, spread=[1.5, 2.0, 3.0])),
    "symmetric_start": (replace(ILL, symmetric=1), replace(ILL, symmetric=0)),
    "unscaled_inputs": (
        of_data(WELL, largest=255.0, scales=np.array([80.0, 90.0])),
        of_data(WELL, largest=4.0, scales=np.array([0.5, 2.0])),
    ),
    "constant_inputs": (
        of_data(WELL, constant=(1,), scales=np.array([1.0, 0.0, 1.0])),
        of_data(WELL, constant=(1,), scales=np.array([1.0, 0.0, 1.0]), image=True),
    ),
    "duplicate_inputs": (of_data(WELL, copied=(3,)), of_data(WELL, copied=(3,), image=True)),
    "far_inputs": (of_data(WELL, far=0.4), of_data(WELL, far=0.02)),
    "overfitting": (
        of_fit(TURNED, training=1.0, validation=0.75),
        of_fit(WELL, training=1.0, validation=0.93),
    ),
    "underfitting": (replace(ILL, course={}), of_fit(ILL, training=0.92)),
    "too_much_penalty": (course(replace(ILL, penalty=1.0), cost=FALLING * 3), course(replace(ILL, penalty=1e-4))),
    "too_little_penalty": (
        of_fit(replace(TURNED, end=replace(LAYERS, weight=LAYERS.weight * 4)), training=1.0, validation=0.75),
        of_fit(TURNED, training=1.0, validation=0.75),
    ),
    "stopped_early": (
        course(WELL, loss=np.linspace(1.2, 0.3, 10), validation_loss=np.linspace(1.2, 0.4, 10)),
        WELL,
    ),
    "label_noise": (of_fit(WELL, confident_errors=0.2), of_fit(WELL, confident_errors=0.01)),
    "shuffled_labels": (
        of_fit(WELL, reference=0.31, training=0.9, validation=0.29),
        of_fit(WELL, reference=0.31, training=0.9, validation=0.8),
    ),
    "class_imbalance": (
        of_fit(of_data(WELL, majority=0.95, rarest=0.05), chance=0.95, training=0.95, reference=0.96, worst_recall=0.0),
        of_fit(of_data(WELL, majority=0.95, rarest=0.05), chance=0.95, training=0.99, reference=0.96, worst_recall=0.9),
    ),
    "one_class": (of_fit(WELL, top=1.0, never=2), of_fit(WELL, top=1.0, never=0)),
    "class_never_predicted": (of_fit(WELL, top=0.6, never=1), of_fit(WELL, top=1.0, never=2)),
    "leakage": (of_data(WELL, seen=0.5), of_data(WELL, seen=0.0)),
    "ill_conditioned": (
        of_data(replace(ILL, settings=SGD), condition=1e6),
        of_data(ILL, condition=1e6),
    ),
    "plateau": (
        course(ILL, loss=[1.1, 1.1, *[1.0] * 8]),
        course(ILL, loss=SLOWLY),
    ),
    "saddle": (replace(ILL, curvature=(-1.0, 2.0)), replace(ILL, curvature=(-1e-6, 2.0))),
    "cliff": (
        course(WELL, loss=[1, 0.8, 0.7, 0.6, 9, 5, 1, 1, 1, 0.9], gradient_norm=[1, 1, 1, 1, 500, 2, 1, 1, 1, 1]),
        course(WELL, gradient_norm=[1, 1, 1, 1, 5, 2, 1, 1, 1, 1]),
    ),
    "norm_dropout_clash": (replace(WELL, noisy=True, dropout=0.5), replace(WELL, noisy=False, dropout=0.5)),
    "batch_too_small": (
        course(replace(ILL, batch_size=1), gradient_norm=np.full(10, 9.0)),
        course(replace(ILL, batch_size=32), gradient_norm=np.full(10, 9.0)),
    ),
    "batch_too_large": (replace(ILL, batch_size=800, steps=15), replace(ILL, batch_size=32, steps=15)),
    "wrong_cost": (numbers(WELL, **WHOLE), of_data(WELL, **WHOLE)),
    "sorted_data": (
        of_data(replace(WELL, settings={**WELL.settings, "shuffle": "none"}), runs=0.01),
        of_data(WELL, runs=0.01),
    ),
    "target_scale": (
        numbers(WELL, target_mean=3000.0, target_deviation=900.0),
        numbers(WELL, target_mean=1.0, target_deviation=1.2),
    ),
}


def codes(evidence):
    return [finding.code for finding in findings_of(evidence)]


@pytest.mark.parametrize("code", TABLE)
def test_the_disease_is_found_first(code):
    first = findings_of(TABLE[code][0])[0]
    assert first.code == code
    assert first.severity in ("bad", "warning")
    assert all((first.cause, first.evidence, first.effect))


@pytest.mark.parametrize("code", TABLE)
def test_what_only_resembles_it_is_not_taken_for_it(code):
    assert code not in codes(TABLE[code][1])


def test_a_good_run_is_healthy():
    (only,) = findings_of(WELL)
    assert (only.code, only.severity, dict(only.remedy)) == ("healthy", "good", {})
    assert only.evidence["validation"] == 0.95


def test_without_data_and_probes_the_course_still_tells():
    bare = Evidence(course={"loss": 10.0 ** np.arange(10)}, settings=SGD)
    assert codes(bare)[0] == "diverged"
    assert codes(Evidence(course={"loss": FALLING}, settings=SGD)) == ["healthy"]
    stuck = Evidence(course={"loss": np.full(10, 1.1)}, settings=SGD, epochs=10)
    assert codes(stuck) == ["plateau"]


def test_units_that_died_in_training_are_a_consequence_of_the_rate():
    died = replace(start(ILL, ratio=[5.0, 5.0, 5.0, 5.0]), end=replace(LAYERS, dead=np.array([0.9, 0.0, 0.0])))
    assert codes(died)[:2] == ["rate_too_high", "dead_units"]
    assert findings_of(died)[0].remedy["learning_rate"] < 0.1 * 0.003


def test_a_rate_is_raised_to_where_steps_are_of_a_good_length():
    slow = replace(ILL, steps_taken=np.full(4, 3e-6))
    assert findings_of(slow)[0].remedy == {"learning_rate": pytest.approx(0.003 * 0.003 / 3e-6)}


@pytest.mark.parametrize(
    ("columns", "dropped"), [((), ("0", "2")), (("a", "b", "b"), ("a",)), (("a", "b", "c"), ("a", "c"))]
)
def test_columns_to_drop_are_named_and_whole(columns, dropped):
    found = findings_of(replace(of_data(WELL, constant=(0, 2), scales=np.ones(3)), columns=columns))[0]
    assert found.code == "constant_inputs"
    assert found.remedy == {"drop": dropped}


def test_where_only_a_part_of_a_column_is_concerned_nothing_is_dropped():
    found = findings_of(replace(of_data(WELL, constant=(1,), scales=np.ones(3)), columns=("a", "b", "b")))[0]
    assert (found.code, found.remedy) == ("constant_inputs", {})


def test_after_an_epoch_or_two_training_has_just_begun():
    assert codes(replace(course(ILL, loss=[1.5], cost=[1.5], validation_loss=[1.0]), epochs=1))[0] == "stopped_early"
    assert "stopped_early" not in codes(course(WELL, loss=[1.5], cost=[1.5], validation_loss=[1.0]))


def test_noise_of_a_few_examples_is_not_taken_for_a_rate_but_a_thrown_step_is():
    rough = course(ILL, loss=np.tile([1.0, 1.2], 5), gradient_norm=np.full(10, 5.0))
    assert codes(replace(rough, batch_size=2))[0] == "batch_too_small"
    thrown = replace(start(rough, ratio=[2.0, 2.0, 2.0, 2.0]), batch_size=2)
    assert codes(thrown)[0] == "rate_too_high"


def test_the_error_of_r2_is_that_of_many_samples():
    random = np.random.default_rng(0)
    x = random.normal(size=(2000, 200))
    y = x + random.normal(size=(2000, 200))
    found = np.array([np.corrcoef(a, b)[0, 1] ** 2 for a, b in zip(x, y, strict=True)])
    assert replace(GOOD_FIT, numbers=True).error(0.5, 200) == pytest.approx(found.std(), rel=0.1)
