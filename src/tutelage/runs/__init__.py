"""What happened, written down so that it survives a kill: journal, till, record, resume."""
