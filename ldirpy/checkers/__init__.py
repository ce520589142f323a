"""The checks of real servers, one module each, behind the interface of `base`."""
