"""Text of LICENCES.txt, and the output of models/prepare --list."""

HEADER = """\
Files prepared for facebus, each with its origin and licence.
The folder licences contains the licence texts that the packages include.
"""


def licences_text(assets, output):
    """Returns the text of LICENCES.txt for the assets whose files are in the output folder."""
    present = [asset for asset in assets if (output / asset.output).exists()]
    return HEADER + "".join(_entry(asset) for asset in present)


def _entry(asset):
    package = asset.package
    return (
        f"\n{asset.output}\n"
        f"  {asset.role}\n"
        f"  from: {package.pinned}, {asset.member}\n"
        f"  licence: {asset.licence}\n"
        f"  origin: {asset.origin}\n"
    )


def listing(assets):
    """Returns the output of --list for these assets."""
    return "\n".join(
        f"{asset.output}  ({asset.group}, {asset.size} bytes)\n"
        f"  {asset.role}\n"
        f"  package: {asset.package.pinned} ({asset.package.kind}), "
        f"{asset.member}\n"
        f"  sha256:  {asset.output_sha256}\n"
        f"  licence: {asset.licence}\n"
        f"  origin:  {asset.origin}"
        for asset in assets
    )
