"""The names a user may rely on. A change here is a change of the interface: say so in CHANGELOG.md."""

import re
from importlib.metadata import entry_points, version

import pytest

import seqgen

PUBLIC = ["MidiError", "__version__", "load"]


def test_public_names_are_these():
    assert sorted(seqgen.__all__) == PUBLIC
    assert set(PUBLIC) <= set(dir(seqgen))


@pytest.mark.parametrize("name", PUBLIC)
def test_every_public_name_can_be_had(name):
    assert getattr(seqgen, name) is not None


def test_an_unknown_name_is_an_attribute_error_that_lists_the_known_ones():
    with pytest.raises(AttributeError, match=r"'lode'.*load"):
        seqgen.lode  # noqa: B018


def test_midi_error_is_a_value_error():
    assert issubclass(seqgen.MidiError, ValueError)


def test_the_version_is_the_installed_one():
    assert re.fullmatch(r"\d+\.\d+\.\d+", seqgen.__version__)
    assert version("seqgen") == seqgen.__version__


def test_the_command_is_installed_and_points_at_a_function():
    (command,) = entry_points(group="console_scripts", name="seqgen")
    assert callable(command.load())
