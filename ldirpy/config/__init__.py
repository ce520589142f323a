"""From the text of a ldirectord.cf to the objects of `ldirpy.config.model`."""
