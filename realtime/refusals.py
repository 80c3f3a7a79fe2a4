"""Refusals that only the edge knows; the others stand in `orders.errors`."""

from __future__ import annotations

from orders.errors import Refused


class OriginRefused(Refused):
    """A page of another site asked, and that site is not among the allowed ones."""

    code = "origin_refused"
    status = 403


class MethodRefused(Refused):
    """The address exists and does not know this method."""

    code = "method_refused"
    status = 405


class TusVersionRefused(Refused):
    """Another version of the upload protocol than the one spoken here. Facts: `wanted`."""

    code = "tus_version_refused"
    status = 412


class MediaTypeRefused(Refused):
    """The body is said to be of a kind that this address does not take. Facts: `wanted`."""

    code = "media_type_refused"
    status = 415
