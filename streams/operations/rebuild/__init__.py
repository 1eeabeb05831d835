"""The log folded anew beside the live one: copied to topics of another prefix, folded there, compared, switched to.

Nothing of the live prefix is written, joined or fenced.
"""
