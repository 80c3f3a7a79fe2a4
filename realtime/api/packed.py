"""Files of the built client, as small as whoever asks can have them.

Nothing is packed while somebody waits for it: beside `room.js` the build has put `room.js.br` and
`room.js.gz`, or it has not, and then the file goes out as it is. Who has it already is told so.
"""

from __future__ import annotations

import mimetypes
from pathlib import Path

from starlette.datastructures import Headers
from starlette.responses import FileResponse, Response
from starlette.staticfiles import NotModifiedResponse

from realtime.api.accepting import weights

_WAYS = (("br", ".br"), ("gzip", ".gz"))
"""The codings of RFC 9110, section 8.4.1, and how the build names them; the smallest first."""


def packed(path: Path, asked: Headers) -> Response:
    """Answer a request with the headers `asked` with the file at `path`, packed if it may be."""
    wanted = weights(asked.get("accept-encoding", ""))
    coding, source = next(
        (
            (coding, small)
            for coding, ending in _WAYS
            if wanted.get(coding, 0.0) > 0
            and (small := path.with_name(path.name + ending)).is_file()
        ),
        ("", path),
    )
    kind = mimetypes.guess_type(path.name)[0]
    response = FileResponse(source, media_type=kind, stat_result=source.stat())
    response.headers["Vary"] = "Accept-Encoding"
    if coding:
        response.headers["Content-Encoding"] = coding
    known = {tag.strip().removeprefix("W/") for tag in asked.get("if-none-match", "").split(",")}
    if response.headers["etag"] in known:
        return NotModifiedResponse(response.headers)
    return response
