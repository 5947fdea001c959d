"""Parts of a session file of Ardour 7."""

from __future__ import annotations

from xml.etree import ElementTree

SYNTH = "https://community.ardour.org/node/7596"
"""LV2 URI of ACE Reasonable Synth, which comes with Ardour"""


def region(name: str, identity: str, source: str, length: int, whole_file: bool) -> ElementTree.Element:
    """A MIDI region at 0; `b` is musical time, in ticks."""
    values = {
        "name": name, "id": identity, "type": "midi", "whole-file": str(int(whole_file)),
        "start": "b0", "length": f"b{length}@b0", "sync-position": "b0",
        "ancestral-start": "b0", "ancestral-length": "b0@b0", "stretch": "1", "shift": "1",
        "muted": "0", "opaque": "1", "locked": "0", "position-locked": "0", "automatic": "0",
        "import": "0", "external": "0", "hidden": "0", "layering-index": "0", "tags": "", "contents": "0",
        "first-edit": "nothing", "source-0": source, "master-source-0": source,
    }  # fmt: skip
    return ElementTree.Element("Region", values)


def add_synth(track: ElementTree.Element, identity: str) -> None:
    """Gives a MIDI track Ardour's synthesizer, before its fader, and stereo outputs to the master bus.

    Done in the file: a running Ardour 7.3 with its dummy engine often fails to register the new outputs.
    """
    add = ElementTree.SubElement
    for ports in track.iterfind("IO[@direction='Output']"):
        for number in (1, 2):
            port = ElementTree.Element("Port", type="audio", name=f"{ports.get('name')}/audio_out {number}")
            add(port, "Connection", other=f"Master/audio_in {number}")
            ports.insert(number - 1, port)
    synth = ElementTree.Element("Processor", {"id": identity, "name": "ACE Reasonable Synth", "active": "1"})
    synth.attrib |= {"type": "lv2", "unique-id": SYNTH, "count": "1", "custom": "0"}
    midi, audio = {"type": "midi", "count": "1"}, {"type": "audio", "count": "2"}
    add(add(synth, "ConfiguredInput"), "Channels", midi)
    add(add(synth, "CustomSinks"), "Channels", midi)
    configured = add(synth, "ConfiguredOutput")
    add(configured, "Channels", audio)
    add(configured, "Channels", midi)
    add(add(synth, "InputMap-0"), "Channelmap", {"type": "midi", "from": "0", "to": "0"})
    outputs = add(synth, "OutputMap-0")
    for channel in ("0", "1"):
        add(outputs, "Channelmap", {"type": "audio", "from": channel, "to": channel})
    add(synth, "lv2")
    fader = next((i for i, part in enumerate(track) if part.get("type") == "amp"), len(track))
    track.insert(fader, synth)
