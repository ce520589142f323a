"""The daemon as a process: what keeps it from starting."""

import pytest

from ldirpy.config.model import Config, Virtual
from ldirpy.daemon.instance import Instance
from ldirpy.daemon.process import serve
from ldirpy.errors import ConfigError
from ldirpy.ipvs.memory import MemoryTable


def test_a_configuration_that_cannot_be_carried_out() -> None:
    """It is told as an error of the configuration, before anything of the daemon is there."""
    config = Config(virtuals=[Virtual(address="192.0.2.1", port=80, schedflags="nosuch")])

    with pytest.raises(ConfigError, match="unknown scheduler flag"):
        serve("a.cf", config, Instance("a.cf"), pid_file=False, table=MemoryTable(), how="")
