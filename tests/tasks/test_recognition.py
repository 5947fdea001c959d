"""A recogniser as it is used: sessions, streams and files give the same words, and bad sound a sentence."""

import numpy as np
import pytest
import soundfile
import torch

from seqgen.models.checkpoint import save_model
from seqgen.models.recognizer import Recognizer, RecognizerConfig
from seqgen.representation.log_mel import LogMel, LogMelConfig
from seqgen.representation.speech import SpeechConfig
from seqgen.tasks.recognition import RecognitionModel, load_recognizer
from tests.tasks.small_recognizer import save_recognizer, small_recognizer, three_digits


@pytest.mark.parametrize("kind", ["soft", "hard", "mocha"])
def test_blocks_of_any_size_give_the_words_and_times_of_the_batch(kind):
    model, samples = small_recognizer(kind), three_digits()
    log_mel = LogMel(model.speech.sound)
    frames = log_mel.whole(torch.from_numpy(samples)[None])
    heard = model.recognizer.transcribe(frames, torch.tensor([frames.shape[1]]))[0]
    seconds = len(samples) / 8000
    expected = [
        (model.speech.symbols[token], min(log_mel.seconds(frame), seconds))
        for token, frame in zip(heard.token, heard.frame, strict=True)
    ]
    assert len(expected) > 3
    for size in (333, len(samples)):
        blocks = (samples[at : at + size] for at in range(0, len(samples), size))
        assert list(model.stream(blocks)) == expected


def test_a_word_comes_with_the_block_that_decides_it():
    model, samples = small_recognizer("mocha"), three_digits()
    session, pushed, early = model.session(), 0.0, 0
    for at in range(0, len(samples), 80):
        words = session.push(samples[at : at + 80])
        pushed = session.seconds
        assert all(pushed - 0.01 < word.seconds <= pushed for word in words)
        early += len(words)
    assert early > 0
    session.finish()
    assert session.finish() == []
    with pytest.raises(ValueError, match="the session is finished"):
        session.push(samples)


def test_sessions_do_not_disturb_each_other():
    model, samples = small_recognizer("mocha"), three_digits()
    alone = list(model.stream([samples]))
    one, two = model.session(), model.session()
    words = one.push(samples[:5000])
    two.push(-samples)
    words += one.push(samples[5000:]) + one.finish()
    assert words == alone


@pytest.mark.parametrize("samples", [np.zeros((2, 3)), np.array([0.0, np.nan]), np.array([np.inf])])
def test_what_is_no_row_of_samples_is_refused(samples):
    with pytest.raises(ValueError, match="samples must be one row of finite numbers"):
        small_recognizer("hard").session().push(samples)


def test_silence_says_nothing(tmp_path, caplog):
    model = small_recognizer("mocha")
    assert list(model.stream([np.zeros(20_000, np.float32)])) == []
    assert list(model.stream([])) == []
    path = tmp_path / "silent.wav"
    soundfile.write(path, np.zeros(8000), 8000)
    assert model.transcribe(path) == ""
    assert "silent" in caplog.text


def test_a_file_is_what_its_samples_are(tmp_path, caplog):
    model, samples = small_recognizer("mocha"), three_digits()
    path = tmp_path / "stereo.wav"
    soundfile.write(path, np.stack([samples, samples], 1), 8000, subtype="FLOAT")
    words = [word.text for word in model.stream([samples])]
    assert model.transcribe(path).split() == words
    assert "2 channels were mixed into one" in caplog.text


def test_a_folder_there_and_back(tmp_path):
    folder = save_recognizer(tmp_path / "mine", "mocha")
    (folder / "card.md").write_text("# mine")
    model = load_recognizer(folder)
    assert isinstance(model, RecognitionModel)
    assert (model.name, model.card, model.sample_rate, model.streams) == ("mine", "# mine", 8000, True)
    assert list(model.stream([three_digits()])) == list(small_recognizer("mocha").stream([three_digits()]))


def test_a_folder_that_contradicts_itself_is_said(tmp_path):
    model = Recognizer(RecognizerConfig(features=80))
    papers = {"representation": {"name": "speech"}, "training": {}}
    save_model(tmp_path / "odd", model, model.state_dict(), papers)
    with pytest.raises(ValueError, match="160 numbers a frame and 11 tokens, but the model has 80 and 11"):
        load_recognizer(tmp_path / "odd")


def test_other_symbols_are_written_as_they_are():
    model = small_recognizer("hard")
    speech = SpeechConfig(symbols=tuple("abcdefghij"), sound=LogMelConfig())
    other = RecognitionModel(model.name, model.recognizer, speech, {}, "")
    pairs = zip(model.stream([three_digits()]), other.stream([three_digits()]), strict=True)
    assert all("abcdefghij"[int(digit.text)] == letter.text for digit, letter in pairs)
