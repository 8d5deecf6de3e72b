"""From and to a PACS, by DICOMweb (PS3.18) or DIMSE (PS3.7): find, retrieve, store.

The values of a query identify the patient: they are in no message, no log and no file name.
"""

from casepack.pacs.address import Pacs, parse_address
from casepack.pacs.connecting import connect
from casepack.pacs.peer import Outgoing, Peer
from casepack.pacs.query import Query
from casepack.pacs.retrieval import Listing, Retrieved, list_studies, retrieve_studies
from casepack.pacs.sending import Sent, send_instances
from casepack.pacs.source import parse_query, read_pacs, read_source

__all__ = [
    "Listing",
    "Outgoing",
    "Pacs",
    "Peer",
    "Query",
    "Retrieved",
    "Sent",
    "connect",
    "list_studies",
    "parse_address",
    "parse_query",
    "read_pacs",
    "read_source",
    "retrieve_studies",
    "send_instances",
]
