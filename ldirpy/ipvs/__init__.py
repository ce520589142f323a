"""The kernel's IPVS table: a model of it, a port to it, and what implements the port."""
