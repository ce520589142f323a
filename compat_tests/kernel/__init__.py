"""Tests of ldirpy beside the Perl ldirectord in a real kernel with IPVS (user-mode Linux)."""
