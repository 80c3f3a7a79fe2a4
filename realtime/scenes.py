"""What the demo's people say and do. Data only; `realtime.demo` plays it."""

from __future__ import annotations

import msgspec

from orders.brief import Asked, Move
from orders.commands import Person
from orders.policy import DAY, HOUR
from orders.workflow import Verb


class Step(msgspec.Struct, frozen=True):
    """A step of the process."""

    verb: Verb
    note: str = ""


class Joins(msgspec.Struct, frozen=True):
    """The marketplace sends the person into the frozen order, as its mediator."""


class Line(msgspec.Struct, frozen=True):
    """Something a person says or does, so many seconds after the line before."""

    by: Person
    after: int
    says: str | Step | Asked | Joins


class Scene(msgspec.Struct, frozen=True, kw_only=True):
    """An order with its past."""

    name: str
    title: str
    category: str
    price_cents: int | None
    """None for a question: nothing is paid."""
    buyer: Person
    seller: Person
    began_ago: int = 0
    """Seconds between the payment, or the question, and now."""
    brief_window: int = 48 * HOUR
    lines: tuple[Line, ...] = ()
    unread: int = 0
    """So many of the last entries the seller has not seen yet."""
    mails: bool = True
    """Whether e-mails are owed for what happened in it."""
    brief: tuple[str, ...] | None = None
    """What the buyer has to give; None for the list of the category."""
    short: bool = False
    """A visitor should see its zero: made anew once it is over."""


CLAIRE = Person("claire", "Claire Fontaine", "claire.fontaine@example.org", "fr")
MALIK = Person("malik", "Malik Besson", "malik.besson@example.org", "fr")
OLIVER = Person("oliver", "Oliver Grant", "oliver.grant@example.org", "en")
PRIYA = Person("priya", "Priya Nair", "priya.nair@example.org", "en")
INES = Person("ines", "Inès Caron", "ines.caron@example.org", "fr")
THEO = Person("theo", "Théo Lambert", "theo.lambert@example.org", "fr")
NADIA = Person("nadia", "Nadia Perrin", "nadia.perrin@example.org", "fr")
HUGO = Person("hugo", "Hugo Vidal", "hugo.vidal@example.org", "fr")
SOLENE = Person("solene", "Solène Marchand", "solene.marchand@example.org", "fr")

VOICE_OVER = Scene(
    name="voice-over",
    title="Voix off française pour un film d’entreprise de 90 secondes",
    category="voice-over",
    price_cents=18_500,
    buyer=CLAIRE,
    seller=MALIK,
    began_ago=52 * 60,
    lines=(
        Line(CLAIRE, 240, "Bonjour Malik ! Commande payée. C’est pour le film d’accueil de notre "
             "coopérative, 90 secondes, diffusé sur notre site et dans le hall."),
        Line(MALIK, 310, "Bonjour Claire, merci ! Le projet me plaît. Avez-vous déjà le texte "
             "définitif, et une idée du ton ?"),
        Line(CLAIRE, 420, "Le texte est validé : 212 mots. Pour le ton : chaleureux, posé, "
             "souriant. Surtout pas « publicité »."),
        Line(CLAIRE, 30, Asked(Move.GIVE, "voice-over.script",
                               note="« Bienvenue chez nous… » : 212 mots, relus et validés.")),
        Line(CLAIRE, 20, Asked(Move.GIVE, "voice-over.tone",
                               note="Chaleureux, posé, souriant. Pas « publicité ».")),
        Line(MALIK, 130, "212 mots en 90 secondes, c’est parfait : on respire. Des mots à "
             "prononcer d’une façon précise ?"),
        Line(CLAIRE, 260, "Oui : « Kerguélec » se dit « kère-gué-lek ». Et le nom de notre "
             "directrice, Mme Saïdi, avec les deux i."),
        Line(CLAIRE, 25, Asked(Move.GIVE, "voice-over.pronunciation",
                               note="Kerguélec : kère-gué-lek. Mme Saïdi : sa-i-di.")),
        Line(MALIK, 40, Asked(Move.ACCEPT, "voice-over.script")),
        Line(MALIK, 15, Asked(Move.ACCEPT, "voice-over.pronunciation")),
        Line(MALIK, 70, "C’est noté. Je livre en WAV 48 kHz et en MP3, ça vous va ?"),
        Line(CLAIRE, 95, "Très bien. On peut en parler de vive voix ? Ce serait plus simple pour "
             "le rythme de la fin."),
    ),
    unread=1,
)  # fmt: skip

WEBSITE = Scene(
    name="website",
    title="One-page website for a neighbourhood bakery",
    category="website",
    price_cents=64_000,
    buyer=OLIVER,
    seller=PRIYA,
    began_ago=5 * HOUR,
    lines=(
        Line(OLIVER, 900, "Hi Priya! Payment is through. We open the second shop in three weeks "
             "and need one page: opening hours, the menu, how to find us."),
        Line(PRIYA, 1500, "Hello Oliver, lovely. Do you have photos, and a logo as SVG or PDF?"),
        Line(OLIVER, 2400, "Logo as PDF, twelve photos, and the menu as text. Colours: the green "
             "of the shop front, #2f5d50."),
        Line(PRIYA, 700, "Wonderful. Who will change the menu later, you or me?"),
        Line(OLIVER, 1100, "Me, so something simple please. I think you have everything now."),
        Line(OLIVER, 20, Asked(Move.GIVE, "website.texts",
                               note="Menu, opening hours, address: all in the message above.")),
        Line(OLIVER, 15, Asked(Move.GIVE, "website.images", note="Logo as PDF, twelve photos.")),
        Line(OLIVER, 15, Asked(Move.GIVE, "website.functions",
                               note="Find us, see the menu; I change the menu myself.")),
        Line(OLIVER, 10, Asked(Move.DROP, "website.examples", note="You know best.")),
        Line(OLIVER, 60, Step(Verb.HAND_OVER, "Logo, photos, menu, colours, opening hours.")),
        Line(PRIYA, 600, Asked(Move.ACCEPT, "website.texts")),
        Line(PRIYA, 300, "Thank you! I am reading through it and will start today."),
    ),
)  # fmt: skip

THREE_MINUTES = Scene(
    name="three-minutes",
    title="Transcription d’un entretien de 12 minutes",
    category="transcription",
    price_cents=2_400,
    buyer=INES,
    seller=THEO,
    brief_window=180,
    lines=(
        Line(INES, 0, "Bonjour Théo, il me reste l’enregistrement à vous envoyer."),
    ),
    short=True,
)  # fmt: skip

CLOSED = Scene(
    name="closed",
    title="Correction d’une nouvelle de 9 pages",
    category="proofreading",
    price_cents=4_500,
    buyer=NADIA,
    seller=HUGO,
    began_ago=4 * DAY,
    brief_window=7 * DAY,  # a sweeper that looks while the scene is played must find nothing due
    lines=(
        Line(NADIA, 600, "Bonjour Hugo, voici ma nouvelle. Les dialogues m’inquiètent un peu."),
        Line(NADIA, 30, Step(Verb.HAND_OVER, "Neuf pages, et la liste de mes doutes.")),
        Line(HUGO, 3 * HOUR, "Bien reçu, je m’y mets."),
        Line(HUGO, 40, Step(Verb.START)),
        Line(HUGO, 30 * HOUR, Step(Verb.DELIVER, "Texte corrigé, remarques en marge.")),
        Line(NADIA, 6 * HOUR, Step(Verb.CLOSE)),
        Line(NADIA, 120, "Merci, les dialogues vivent maintenant !"),
        Line(HUGO, 600, "Avec plaisir. Bonne chance pour le concours !"),
    ),
    brief=(),
    mails=False,
)  # fmt: skip

DISPUTE = Scene(
    name="dispute",
    title="Logo et déclinaisons pour une épicerie de quartier",
    category="logo",
    price_cents=32_000,
    buyer=CLAIRE,
    seller=HUGO,
    began_ago=40 * HOUR,  # every clock of it ends in the future: no sweeper finds one due
    lines=(
        Line(CLAIRE, 600, "Bonjour Hugo, il me faut un logo et trois déclinaisons : enseigne, "
             "sac en papier, icône pour le téléphone."),
        Line(HUGO, 900, "Bonjour Claire, c’est clair. Je pars sur deux pistes puis les "
             "déclinaisons de celle que vous retenez."),
        Line(CLAIRE, 120, Step(Verb.HAND_OVER, "Nom, couleurs, photos de la devanture.")),
        Line(HUGO, 40 * 60, Step(Verb.START)),
        Line(HUGO, 16 * HOUR, Step(Verb.DELIVER, "Logo en SVG et PDF, déclinaison enseigne.")),
        Line(CLAIRE, 3 * HOUR, Step(Verb.REQUEST_REVISION, "Le logo me plaît, mais il manque le "
                                    "sac et l’icône que nous avions prévus.")),
        Line(HUGO, 2 * HOUR, Step(Verb.REFUSE_REVISION, "Les deux autres déclinaisons demandent "
                                  "un autre format : pour moi c’est une commande à part.")),
        Line(CLAIRE, 1 * HOUR, "Pourtant j’en parlais dans mon premier message, avant que vous "
             "ne démarriez."),
        Line(CLAIRE, 2 * HOUR, Step(Verb.DISPUTE, "Une déclinaison livrée sur trois convenues.")),
        Line(SOLENE, 9 * HOUR, Joins()),
        Line(SOLENE, 300, "Bonjour à tous les deux. J’ai lu la commande. Hugo, combien vaut pour "
             "vous le travail livré ? Claire, l’utilisez-vous déjà ?"),
        Line(HUGO, 1500, "Le logo est le gros du travail. Je dirais les deux tiers."),
        Line(CLAIRE, 2400, "Oui, l’enseigne est commandée avec. Je veux surtout que le sac et "
             "l’icône ne me coûtent pas deux fois."),
    ),
    brief=(),
    mails=False,
)  # fmt: skip

QUESTION = Scene(
    name="question",
    title="Relecture d’un guide de randonnée de 40 pages",
    category="proofreading",
    price_cents=None,
    buyer=INES,
    seller=HUGO,
    began_ago=3 * HOUR,
    lines=(
        Line(INES, 0, "Bonjour Hugo, relisez-vous aussi des guides avec des cartes ? Les légendes "
             "comptent autant que le texte."),
        Line(HUGO, 40 * 60, "Bonjour Inès, oui, et j’aime bien cela : j’en ai relu deux l’an "
             "dernier. Les légendes sont-elles dans le même document ?"),
        Line(INES, 50 * 60, "Oui, tout est dans un seul fichier. Combien de temps vous faut-il ?"),
        Line(HUGO, 20 * 60, "Quatre jours après le début. Si cela vous va, commandez sur la page "
             "du service : cette conversation vous suivra."),
    ),
)  # fmt: skip

SCENES = (VOICE_OVER, WEBSITE, THREE_MINUTES, DISPUTE, CLOSED, QUESTION)
