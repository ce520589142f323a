"""The daemon as its operator meets it: commands, exit codes, pid file, log, service managers."""
