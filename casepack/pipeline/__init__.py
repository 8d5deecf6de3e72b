"""What each command does, over the stages; owns the work folder that becomes the result by rename.

Stages are imported where they are used: de-identifying alone must not wait for the rest.
"""

from casepack.pipeline.annotate import annotate_folder
from casepack.pipeline.deidentify import deidentify_study
from casepack.pipeline.draft import draft_case_file
from casepack.pipeline.pack import pack_study
from casepack.pipeline.sample import make_sample
from casepack.pipeline.settings import Outcome, Settings
from casepack.pipeline.validate import validate_folder

__all__ = [
    "Outcome",
    "Settings",
    "annotate_folder",
    "deidentify_study",
    "draft_case_file",
    "make_sample",
    "pack_study",
    "validate_folder",
]
