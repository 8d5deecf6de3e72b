"""Identifying values: collected from the originals, and searched in every byte."""
