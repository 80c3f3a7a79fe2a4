"""Words are folded the same way when they are kept and when they are asked for."""

import pytest

from orders.search_words import Excerpt, Term, excerpt, terms_of, words_of


def _words(text: str) -> list[str]:
    return [word.text for word in words_of(text)]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Bonjour, l’été !", ["bonjour", "l", "ete"]),
        ("Cœur d'ŒUVRE", ["coeur", "d", "oeuvre"]),
        ("e\u0301te\u0301 na\u200bïf", ["ete", "naif"]),
        ("Straße 1 234,50 €", ["strasse", "1", "234", "50"]),
        ("ＦＵＬＬ ﬁn", ["full", "fin"]),
        ("brief_v2.pdf", ["brief", "v2", "pdf"]),
        ("👋🏽 — …", []),
        ("Привет 你好", ["привет", "你好"]),
    ],
)
def test_case_accents_and_invisible_characters_do_not_count(text: str, words: list[str]) -> None:
    assert _words(text) == words


@pytest.mark.parametrize(
    ("asked", "terms"),
    [
        ("Logo été", [Term(("logo",), True), Term(("ete",), True)]),
        ('"le logo" bleu', [Term(("le", "logo"), False), Term(("bleu",), True)]),
        ("« voix  off »", [Term(("voix", "off"), False)]),
        ("l’été", [Term(("l", "ete"), True)]),
        ("fichiers", [Term(("fichi",), True)]),
        ("CMD2024s", [Term(("cmd2024s",), True)]),
        ("final local", [Term(("final",), True), Term(("local",), True)]),
        ("voice", [Term(("voice",), True)]),
        ("vis prix", [Term(("vis",), True), Term(("prix",), True, "pri")]),
        ("les-mots", [Term(("les", "mots"), True, "mot")]),
        ("!!! ...", []),
        ('"', []),
        ('logo* NEAR("', [Term(("logo",), True), Term(("near",), True)]),
        ("a a a", [Term(("a",), True)]),
    ],
)  # fmt: skip
def test_what_is_typed_becomes_beginnings_and_phrases(asked: str, terms: list[Term]) -> None:
    assert list(terms_of(asked)) == terms


def _shown(text: str, asked: str) -> list[str]:
    found = excerpt(text, terms_of(asked))
    assert found is not None
    units = found.text.encode("utf-16-le")
    return [units[2 * start : 2 * end].decode("utf-16-le") for start, end in found.ranges]


def test_what_was_found_is_marked_as_javascript_counts() -> None:
    assert _shown("👋👋 L’Été et l’hiver 👋 été", "ete hiv") == ["Été", "hiver", "été"]
    assert _shown("e\u0301te\u0301 de\u0301ja\u0300", "deja") == ["de\u0301ja\u0300"]
    assert _shown("le logo, le Logo bleu", '"le logo bleu"') == ["le Logo bleu"]


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        ("la facture", "factures"),
        ("je vous livrerai demain", "livrée"),
        ("c’est livré", "LIVRER"),
        ("un travail", "travaux"),
        ("les travaux", "travail"),
        ("journaux et originaux", "journal original"),
        ("corrigez la voix", "corrigé"),
        ("the deliveries are late", "delivery"),
        ("delivered today", "deliver"),
        ("two recordings", "recorded"),
        ("deux sites", "site"),
        ("un site", "sites"),
        ("le mot", "mots"),
        ("des voix", "voix"),
    ],
)
def test_a_word_is_found_in_its_other_forms_in_french_and_in_english(text: str, asked: str) -> None:
    assert excerpt(text, terms_of(asked)) is not None


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        ("la facture", '"factures"'),
        ("le prisme", "prisons"),
        ("une situation", "site"),
        ("le filtre", "files"),
        ("facture 2024", "2025"),
    ],
)
def test_other_words_and_quoted_forms_are_not_found(text: str, asked: str) -> None:
    assert excerpt(text, terms_of(asked)) is None


def test_all_terms_have_to_be_there() -> None:
    assert excerpt("le logo bleu", terms_of("logo rouge")) is None
    assert excerpt("logo le", terms_of('"le logo"')) is None


def test_a_long_text_is_shown_around_what_was_found() -> None:
    text = "un mot " * 100 + "la clé" + " puis la suite" * 100
    found = excerpt(text, terms_of("cle"))
    assert isinstance(found, Excerpt)
    assert len(found.text) <= 160
    [(start, end)] = found.ranges
    assert found.text[start:end] == "clé"


@pytest.mark.parametrize(
    ("text", "asked"), [("Voici le texte", "voix"), ("en principe", "prix"), ("la marque", "mars")]
)
def test_a_short_word_finds_no_other_word_that_begins_alike(text: str, asked: str) -> None:
    assert excerpt(text, terms_of(asked)) is None
