"""Every sentence the server says, in French and English.

The catalogues `fr.po` and `en.po` are gettext files whose msgids are keys; they are read when
this package is imported. A reader of any other language gets French, the marketplace's own.

- `catalogue`  `sentence` and `refusal`: a text by its key, with facts filled in
- `formats`    `money`, `day`, `moment`, `duration`, `length`: values as the language writes them
- `viewer`     `situate`: the sentences of a viewer's situation
"""

from realtime.texts.catalogue import KEYS, LANGUAGES, known_language, refusal, sentence
from realtime.texts.formats import day, duration, length, listed, moment, moment_here, money
from realtime.texts.viewer import item_label, refund_sentence, situate, zero_sentence

__all__ = [
    "KEYS",
    "LANGUAGES",
    "day",
    "duration",
    "item_label",
    "known_language",
    "length",
    "listed",
    "moment",
    "moment_here",
    "money",
    "refund_sentence",
    "refusal",
    "sentence",
    "situate",
    "zero_sentence",
]
