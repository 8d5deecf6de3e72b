"""Clean Descriptors (PS3.15 E.3.5) as pure functions of text.

`collect_echo` once a study, `read_vocabulary` once a run, `clean_descriptor` once a distinct value.
"""

from casepack.deidentify.descriptors.clean import clean_descriptor
from casepack.deidentify.descriptors.echo import Echo, collect_echo
from casepack.deidentify.descriptors.finding import find_identifiers
from casepack.deidentify.descriptors.removals import Cleaned, Kind, Removal
from casepack.deidentify.descriptors.vocabulary import Vocabulary, is_name, read_vocabulary

__all__ = [
    "Cleaned",
    "Echo",
    "Kind",
    "Removal",
    "Vocabulary",
    "clean_descriptor",
    "collect_echo",
    "find_identifiers",
    "is_name",
    "read_vocabulary",
]
