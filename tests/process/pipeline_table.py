"""The pipeline as libs/wire/stages.hpp declares it."""

import re
from typing import NamedTuple

from support import ROOT

ROW = re.compile(r'Stage\{\s*"([^"]*)",\s*"([^"]*)",\s*Machine::(\w+),\s*"([^"]*)",\s*"([^"]*)",\s*"([^"]*)",\s*"([^"]*)"\}')


class Stage(NamedTuple):
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
