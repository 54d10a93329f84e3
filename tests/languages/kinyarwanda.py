"""Kinyarwanda, a language that the benchmark does not have: its file, and 36 words with their English."""

CODE = "kin_Latn"
FILE = """\
code: kin_Latn
name: Kinyarwanda
iso639_1: rw
aliases: [ikinyarwanda]
glottocodes: [kiny1244]
family: Bantu
branch: Great Lakes
writing:
  alphabet: "abcdefghijklmnoprstuvwyz'"
words:
  prefixes: [ku, gu, kw]
  plural_prefixes: {aba: umu, imi: umu, ibi: iki}
datasets:
  flores: kin_Latn
  ntrex_file: newstest2019-ref.kin.txt
prompts:
  xquad: "{context}\\n\\nIkibazo: {question}\\nIgisubizo:"
carriers:
  next: "Ijambo rikurikira ni iri: {word}."
"""
WORDS = {
    "water": "amazi", "fire": "umuriro", "house": "inzu", "child": "umwana", "person": "umuntu", "dog": "imbwa",
    "cow": "inka", "tree": "igiti", "book": "igitabo", "road": "umuhanda", "sun": "izuba", "moon": "ukwezi",
    "star": "inyenyeri", "rain": "imvura", "mountain": "umusozi", "river": "umugezi", "eye": "ijisho", "ear": "ugutwi",
    "tooth": "iryinyo", "head": "umutwe", "foot": "ikirenge", "blood": "amaraso", "milk": "amata", "salt": "umunyu",
    "name": "izina", "day": "umunsi", "night": "ijoro", "goat": "ihene", "chicken": "inkoko", "fish": "ifi",
    "egg": "igi", "knife": "icyuma", "door": "urugi", "year": "umwaka", "friend": "inshuti", "school": "ishuri",
}  # fmt: skip


def word_list(path, header="kin_Latn\teng_Latn"):
    """A two-column table of the words at `path`."""
    lines = [header, *(f"{own}\t{english}" for english, own in WORDS.items())]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def language_file(folder):
    """The file of the language in `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{CODE}.yaml"
    path.write_text(FILE, encoding="utf-8")
    return path
