"""A log written to a file, as every command reads it again (contract section 7): resumable, and whole or not there."""
