"""Export a log to a file that every command reads again (contract section 7), resumable and atomic."""
