"""The running director: checks on their clocks, one owner of the state, signals."""
