"""The reader: from a text to a draft of claims."""
