"""What short texts that others hand us look like: names, languages, currencies. Pure.

Published in the contracts, hence in words that Python's regular expressions and ECMA-262's share.
"""

from __future__ import annotations

END = r"$(?!\n)"
"""The end. Python's `$` alone also fits before a last line break: an identifier read from a file
with its line end would be somebody else's, and an address with it gets no mail."""
NAME = r"^[A-Za-z0-9_.:-]+" + END
ONE_LINE = r"^[^\x00-\x1f\x7f]+" + END
"""Text on one line, without the control characters that PostgreSQL and mails cannot carry."""
EMAIL = r"^[^@\s\x00-\x1f\x7f]+@[^@\s\x00-\x1f\x7f]+" + END
LANGUAGE = r"^(fr|en)" + END
CURRENCY = r"^[A-Z]{3}" + END
