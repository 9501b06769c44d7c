"""Running the daemon: journal, reload, control socket, logs, lock. Shell."""
