"""Build backend that does not run any code of the package.

To download a source package, pip needs its metadata, for which it normally runs setup.py. We need
only some images of the package, so this backend takes the metadata from the PKG-INFO file, which
every source package contains. It is on PYTHONPATH only for that pip call.
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


# pip loads "setuptools.build_meta:__legacy__" if the archive does not name a backend.
__legacy__ = sys.modules[__name__]
