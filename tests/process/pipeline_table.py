"""Reads the stages of the pipeline from the table in libs/wire/stages.hpp."""

import re
from typing import NamedTuple

from support import ROOT

TEXT = r'"([^"]*)"'
ROW = re.compile(r"Stage\{\s*" + r",\s*".join([TEXT, TEXT, r"Machine::(\w+)", TEXT, TEXT, TEXT, TEXT]) + r"\}")


class Stage(NamedTuple):
    """Row of the table; see struct Stage in libs/wire/stages.hpp."""

    process: str
    section: str
    machine: str
    input: str
    output: str
    endpoint: str
    health: str

    @property
    def port(self):
        return int(self.health.rpartition(":")[2])

    @property
    def program(self):
        return f"facebus-{self.process}"


STAGES = [Stage(*row) for row in ROW.findall((ROOT / "libs/wire/stages.hpp").read_text())]
EDGE = [stage for stage in STAGES if stage.machine == "edge"]
