"""The libraries of DICOMweb and DIMSE quote names, IDs and UIDs in their logs: they are silenced.

For good, and not for a while: they log from threads of their own, and a batch speaks with several
PACSs at once.
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

_QUOTING: Final = ("dicomweb_client", "pynetdicom", "pydicom", "requests", "retrying", "urllib3")


def silence_libraries() -> None:
    """Silence the loggers of the libraries, those that are there and those to come."""
    for name in list(logging.root.manager.loggerDict):
        if name.partition(".")[0] in _QUOTING:
            logging.getLogger(name).disabled = True
    for name in _QUOTING:
        logger = logging.getLogger(name)
        logger.disabled, logger.propagate = True, False
        # without a handler of its own a warning would go to standard error
        logger.handlers = [logging.NullHandler()]


@contextmanager
def without_warnings() -> Iterator[None]:
    """Keep back what pydicom warns of, which quotes values."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
