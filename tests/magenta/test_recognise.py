"""Which configuration a checkpoint is of, and what is said where it is of none."""

import pytest

from seqgen.tasks.magenta.known import KNOWN
from seqgen.tasks.magenta.recognise import recognise
from seqgen.tasks.magenta.variables import expected, weights
from tests.magenta.checkpoints import CONFIGS, variables


@pytest.mark.parametrize("config", CONFIGS)
def test_the_variables_of_a_configuration_are_those_that_magenta_writes(config: str) -> None:
    known = next(known for known in KNOWN if known.name == config)
    found = weights(variables(config))
    assert expected(known, found) == found


@pytest.mark.parametrize("config", CONFIGS)
def test_a_checkpoint_is_recognised_by_its_variables_or_its_file(config: str) -> None:
    if not config.startswith("groovae"):
        assert recognise(variables(config), "m").known.name == config
    found = recognise(variables(config), "m", ["m.ckpt", f"runs/{config}.lokl.tar"])
    assert (found.known.name, found.notice) == (config, "")
    assert recognise(variables(config), "m", config=config).known.name == config


def test_the_configuration_with_the_longest_name_in_the_file_is_meant() -> None:
    shapes = variables("groovae_2bar_humanize")
    for name in ("groovae_2bar_tap_fixed_velocity", "groovae_2bar_tap_fixed_velocity_note_dropout"):
        assert recognise(shapes, "m", [f"{name}.tar"]).known.name == name
    assert recognise(shapes, "m", ["groovae_4bar.ckpt-12"]).known.name == "groovae_4bar"


def test_what_shapes_cannot_tell_is_said() -> None:
    notice = recognise(variables("cat-mel_2bar_small"), "m").notice
    assert notice.startswith("m: taken for cat-mel_2bar_small, by its layers;")
    assert notice.endswith("those of cat-mel_2bar_big, flat-mel_16bar too")
    assert recognise(variables("hierdec-mel_16bar"), "m").notice == ""


def test_the_width_tells_the_multi_track_models_apart() -> None:
    known = next(known for known in KNOWN if known.name == "hier-multiperf_vel_1bar_big")
    small = variables("hier-multiperf_vel_1bar_med")
    for name in small:
        if name.startswith("encoder") and name.endswith("lstm_cell/bias"):
            small[name] = (4 * known.width,)
    assert recognise(expected(known, small), "m").known is known


def test_a_groove_model_is_not_guessed() -> None:
    with pytest.raises(ValueError, match=r"say it with config \(groovae_4bar, groovae_2bar_humanize"):
        recognise(variables("groovae_2bar_humanize"), "m", ["model.ckpt-1"])


def test_controls_tell_the_groove_model_with_given_hits() -> None:
    known = next(known for known in KNOWN if known.name == "groovae_2bar_hits_control_tfds")
    shapes = expected(known, variables("groovae_2bar_humanize"))
    assert recognise(shapes, "m").known is known


def changed(config: str, **shapes: tuple[int, ...] | None) -> dict[str, tuple[int, ...]]:
    """The variables of a configuration with others in place of some; `__` stands for a slash."""
    found = variables(config) | {name.replace("__", "/"): shape for name, shape in shapes.items()}
    return {name: shape for name, shape in found.items() if shape is not None}


# What is wrong, what the message says of it, the variables, the configuration asked for.
WRONG = [
    ("no MusicVAE", "of no MusicVAE of Magenta.*found 2 \\(conv/kernel, dense/bias\\)",
     {"dense/bias": (3,), "conv/kernel": (3, 3), "global_step": ()}, None),
    ("nothing", "found 0 \\(none\\)", {"global_step": ()}, None),
    ("unknown name", "no MusicVAE configuration 'mel'; the names are cat-mel_2bar_small",
     variables("cat-mel_2bar_small"), "mel"),
    ("another configuration",
     "no checkpoint of cat-drums_2bar_small: decoder/multi_rnn_cell/cell_0/lstm_cell/kernel should have the "
     "shape 548x80, it has 126x80; 4 more variables are others",
     variables("cat-mel_2bar_small"), "cat-drums_2bar_small"),
    ("without chords", "bw/multi_rnn_cell/cell_0/lstm_cell/kernel should have the shape 122x128, it has 171",
     changed("cat-mel_2bar_med_chords", decoder__multi_rnn_cell__cell_0__lstm_cell__kernel=(130, 96)),
     "cat-mel_2bar_big"),
    ("missing", "no checkpoint of hierdec-mel_16bar: encoder/mu/kernel 40x20 is missing",
     changed("hierdec-mel_16bar", encoder__mu__kernel=None), None),
    ("a bias missing", "decoder/z_to_initial_state/bias 80 is missing",
     changed("cat-drums_2bar_small", decoder__z_to_initial_state__bias=None), None),
    ("one more", "no checkpoint of nade-drums_2bar_reduced: encoder/extra 3 is none of its variables",
     changed("nade-drums_2bar_reduced", encoder__extra=(3,)), None),
    ("a layer missing", "core_decoder/core_decoder_2/.*is missing",
     {k: v for k, v in variables("hierdec-trio_16bar").items() if "core_decoder_2" not in k},
     "hierdec-trio_16bar"),
    ("of one number", "encoder/sigma/bias should have the shape 16, it has \\(\\)",
     changed("cat-mel_2bar_small", encoder__sigma__bias=()), None),
]  # fmt: skip


@pytest.mark.parametrize(
    ("says", "shapes", "config"), [row[1:] for row in WRONG], ids=[row[0] for row in WRONG]
)
def test_what_is_wrong_with_a_checkpoint_is_said(says: str, shapes: dict, config: str | None) -> None:
    with pytest.raises(ValueError, match=says):
        recognise(shapes, "m", config=config)
