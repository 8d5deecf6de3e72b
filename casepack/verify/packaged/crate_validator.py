"""rocrate-validator as a program, offline: run with the folder of a crate (``python -m``).

A process of its own, since the library logs, warns and asks the network for the JSON-LD context:
here the context comes from the copy that the package `rocrate` ships, and any other address fails.
Standard output is a JSON list of identifier and name of each check that failed: no values.
"""

from __future__ import annotations

import json
import logging
import sys
import warnings
from importlib import resources
from typing import Any, Final

_PROFILE: Final = "ro-crate-1.3"
_CONTEXT: Final = "https://w3id.org/ro/crate/1.3/context"


def validate_crate(crate: str) -> list[tuple[str, str]]:
    """Return identifier and name of each required check that the crate in a folder fails."""
    import requests  # noqa: PLC0415  # all three are extras
    from rocrate_validator.models import Severity, ValidationSettings  # noqa: PLC0415
    from rocrate_validator.services import validate  # noqa: PLC0415

    context = resources.files("rocrate").joinpath("data", "ro-crate.jsonld").read_bytes()

    def answer(_: object, request: requests.PreparedRequest, **__: Any) -> requests.Response:  # noqa: ANN401  # as the library passes them
        if request.url != _CONTEXT:
            raise requests.ConnectionError
        response = requests.Response()
        response.status_code, response.url, response.request = 200, _CONTEXT, request
        response.headers["Content-Type"] = "application/ld+json"
        response._content = context  # noqa: SLF001  # the only way to give a body
        return response

    requests.adapters.HTTPAdapter.send = answer  # type: ignore[method-assign, assignment]
    result = validate(
        ValidationSettings(
            rocrate_uri=crate,
            profile_identifier=_PROFILE,
            requirement_severity=Severity.REQUIRED,
            no_cache=True,
        )
    )
    return sorted({(one.check.identifier, one.check.name) for one in result.get_issues()})


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    logging.disable()
    sys.stdout.write(json.dumps(validate_crate(sys.argv[1])))
