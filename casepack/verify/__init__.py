"""Checks of a result, by code of their own: nothing here imports `casepack.deidentify`."""
