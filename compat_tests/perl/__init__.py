"""Differential tests: the same texts to Perl's ldirectord and to ldirpy."""
