"""The full dictionary of WordNet 3.0 through NLTK, in a folder or packed in a ZIP file, and what its nouns hold."""

import functools
import io
import os
import re
import warnings
import zipfile
from collections import Counter
from collections.abc import Iterable
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

from classvec.errors import InputError

VERSION = "3.0"
DICTIONARY_FOLDERS = ("/usr/share/wordnet", "/usr/local/WordNet-3.0/dict")
# The lexicographer files in the order of their numbers (lexnames(5WN)): NLTK wants this list, Debian leaves it out.
LEXNAMES = """
adj.all adj.pert adv.all noun.Tops noun.act noun.animal noun.artifact noun.attribute noun.body noun.cognition
noun.communication noun.event noun.feeling noun.food noun.group noun.location noun.motive noun.object noun.person
noun.phenomenon noun.plant noun.possession noun.process noun.quantity noun.relation noun.shape noun.state
noun.substance noun.time verb.body verb.change verb.cognition verb.communication verb.competition verb.consumption
verb.contact verb.creation verb.emotion verb.motion verb.perception verb.possession verb.social verb.stative
verb.weather adj.ppl
"""
NOUN_FILE = "data.noun"
NLTK_CORPUS = Path("corpora", "wordnet")
"""Where NLTK's downloader puts WordNet, as a folder or with ``.zip`` behind it."""


def open_dictionary(path: str | Path | None = None) -> Any:
    """Opens the full WordNet with NLTK.

    Args:
        path: Where it lies; see `dictionary_place`.

    Returns:
        An ``nltk.corpus.reader.WordNetCorpusReader``.

    Raises:
        FileNotFoundError: If there is no dictionary.
        InputError: If it is another version than 3.0, whose offsets are the class ids, or it cannot be unpacked.
    """
    return open_at(dictionary_place(path))


def open_at(place: Path) -> Any:
    """Opens the dictionary whose files lie in a folder, or in one in a ZIP file; see `open_dictionary`."""
    import nltk.data
    from nltk.corpus.reader.wordnet import WordNetCorpusReader

    folder = next(str(path) for path in (place, *place.parents) if path.is_dir())
    if folder not in nltk.data.path:
        nltk.data.path.append(folder)  # NLTK reads from the folders of this list alone

    class Dictionary(WordNetCorpusReader):  # type: ignore[misc]
        """The plain dictionary: no list of lexicographer files needed, and no mapping for other languages."""

        def open(self, file: str) -> Any:
            if file == "lexnames":
                return io.StringIO("".join(f"{i:02d}\t{name}\t0\n" for i, name in enumerate(LEXNAMES.split())))
            return super().open(file)

        def map_wn(self, version: str = "wordnet") -> None:
            return None

        @functools.cached_property
        def noun_hyponyms(self) -> Counter[int]:
            with self.open("data.noun") as file:
                return count_hyponyms(file)

    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="The multilingual functions")
        reader = Dictionary(f"{place}/", None)  # of a ZIP file, NLTK wants a folder with its slash
    if reader.get_version() != VERSION:
        raise InputError(
            f"{place} holds WordNet {reader.get_version()}, but class ids are offsets of WordNet {VERSION}: "
            "install that version"
        )
    return reader


def count_hyponyms(lines: Iterable[str]) -> Counter[int]:
    """Counts the synsets below every synset, hyponyms and instance hyponyms, through the whole hierarchy.

    Args:
        lines: Of the dictionary's ``data.noun``; wndb(5WN).

    Returns:
        Offset of a synset to the number of synsets below it.
    """
    above: dict[int, list[int]] = {}
    for line in lines:
        if line[0].isdigit():  # the licence is indented
            pointers = re.findall(r" @i? (\d{8}) n", line.split(" | ")[0])
            above[int(line[:8])] = [int(offset) for offset in pointers]
    closures: dict[int, frozenset[int]] = {}
    for offset in TopologicalSorter(above).static_order():
        closures[offset] = frozenset(above[offset]).union(*(closures[parent] for parent in above[offset]))
    return Counter(parent for closure in closures.values() for parent in closure)


def dictionary_place(path: str | Path | None = None) -> Path:
    """Finds the dictionary's files (``data.noun``, ...).

    Args:
        path: Their folder, the ZIP file that NLTK's downloader leaves, or NLTK's folder with either; None for NLTK's
            corpus, ``$WNSEARCHDIR`` and the places where Linux distributions put them.

    Returns:
        The folder; one inside a ZIP file has the path of that file in front.

    Raises:
        FileNotFoundError: If there is no dictionary.
        InputError: If a ZIP file in such a place is damaged, or holds none.
    """
    if path is not None:
        given = Path(path).expanduser()
        candidates = [given, given / NLTK_CORPUS]
    else:
        import nltk.data

        candidates = [Path(folder) / NLTK_CORPUS for folder in nltk.data.path]
        candidates += [Path(folder) for folder in (os.environ.get("WNSEARCHDIR"), *DICTIONARY_FOLDERS) if folder]
    for folder in candidates:
        if (folder / NOUN_FILE).is_file():
            return folder
        packed = folder if folder.suffix == ".zip" else folder.with_name(f"{folder.name}.zip")
        if packed.is_file():
            return packed / _folder_in(packed)
    raise FileNotFoundError(
        f"no WordNet dictionary ({NOUN_FILE}) in {', '.join(str(c) for c in candidates)}: install it with "
        "`apt install wordnet-base` or `python -m nltk.downloader wordnet`, or name its folder with ontology.path=DIR"
    )


def _folder_in(packed: Path) -> str:
    """Returns the folder of the dictionary's files in a ZIP file."""
    try:
        with zipfile.ZipFile(packed) as archive:
            found = [name for name in archive.namelist() if name.split("/")[-1] == NOUN_FILE]
    except (OSError, zipfile.BadZipFile) as error:
        raise InputError(f"{packed} cannot be opened ({error}): remove it and download it again") from error
    if not found:
        raise InputError(f"{packed} holds no WordNet dictionary ({NOUN_FILE}): move it away, or unpack the right one")
    return found[0].removesuffix(NOUN_FILE)
