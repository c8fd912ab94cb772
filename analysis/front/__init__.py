"""Searches -> the front: what can be had for what, which of it was chosen, and by which rule."""
