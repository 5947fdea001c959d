"""DAWproject files against schemas: our own, and the format's own where a folder with it is named.

Ours, dawproject.xsd, is there wherever the tests run, and is narrower: what it takes, the format's takes. The
format's are Project.xsd and MetaData.xsd of github.com/bitwig/dawproject, which are not ours to keep here:

    SEQGEN_DAWPROJECT_XSD=FOLDER python -m pytest tests/io tests/cli/test_export.py -k 'dawproject or schema'
"""

from __future__ import annotations

import os
import zipfile
from pathlib import Path

from lxml import etree

FOLDER = os.environ.get("SEQGEN_DAWPROJECT_XSD")
DOCUMENTS = {"project.xml": "Project", "metadata.xml": "MetaData"}
"""the root of each document of a file, after which its schema is named"""


def ours(name: str) -> etree.XMLSchema:
    return etree.XMLSchema(file=str(Path(__file__).with_name("dawproject.xsd")))


def the_formats(name: str) -> etree.XMLSchema:
    assert FOLDER
    return etree.XMLSchema(file=str(Path(FOLDER) / f"{DOCUMENTS[name]}.xsd"))


SCHEMAS = (ours, the_formats) if FOLDER else (ours,)


def document(path: Path, name: str = "project.xml") -> bytes:
    with zipfile.ZipFile(path) as archive:
        return archive.read(name)


def assert_valid(path: Path) -> None:
    """Both documents of a file, under every schema that is there."""
    for name, root in DOCUMENTS.items():
        tree = etree.fromstring(document(path, name))
        assert tree.tag == root
        for schema in SCHEMAS:
            schema(name).assertValid(tree)
