"""What a person sees in a terminal: progress, tables, and files that are whole or not there."""
