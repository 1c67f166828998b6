"""Settings: each key checks itself, by its own name; the schema that Hydra gets is the same class."""

from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar

import numpy as np
import pytest

from classvec import settings
from classvec.errors import InputError
from classvec.settings import REQUIRED, Settings, key


class Shade(StrEnum):
    light = "light"
    dark = "dark"


@dataclass(frozen=True, kw_only=True)
class Paint(Settings):
    group: ClassVar[str] = "paint"
    coats: int = key(2, "number of coats", at_least=1, at_most=5)
    share: float = key(0.5, "share of pigment", above=0, below=1)
    shade: Shade = key(Shade.light, "light or dark")
    edge: Shade | None = key(None, "light or dark; null for none")
    tubes: list[int] | None = key(None, "numbers of the tubes", at_least=0)
    label: str | None = key(None, "what is written on it")
    glossy: bool = key(False, "whether it shines")
    shelf: str = key("cellar", "where it stands", affects_results=False)


def test_values_that_fit_are_kept_and_words_become_enums() -> None:
    paint = Paint(coats=5, share=0.25, shade="dark", tubes=[0, 3], label="sky")  # type: ignore[arg-type]
    assert paint.shade is Shade.dark
    assert paint.edge is None
    assert Paint(edge="light").edge is Shade.light  # type: ignore[arg-type]
    assert (paint.coats, paint.share, paint.tubes) == (5, 0.25, [0, 3])
    assert Paint(coats=np.int64(3)).coats == 3  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"coats": 0}, "paint.coats=0: expected at least 1 and at most 5"),
        ({"coats": np.int64(0)}, "paint.coats=0: expected at least 1"),
        ({"coats": 6}, "paint.coats=6: expected"),
        ({"coats": 2.0}, "paint.coats=2.0: expected a whole number"),
        ({"coats": True}, "paint.coats=True: expected a whole number"),
        ({"coats": None}, "paint.coats=None: expected a whole number"),
        ({"share": 0.0}, "paint.share=0.0: expected more than 0 and less than 1"),
        ({"share": 1.0}, "paint.share=1.0"),
        ({"share": float("nan")}, "paint.share=nan: expected a finite number"),
        ({"share": float("inf")}, "paint.share=inf: expected a finite number"),
        ({"share": "much"}, "paint.share='much': expected a number"),
        ({"shade": "grey"}, "paint.shade=grey: expected one of light, dark"),
        ({"shade": None}, "paint.shade=None: expected one of light, dark"),
        ({"edge": "grey"}, "paint.edge=grey: expected one of light, dark, null"),
        ({"tubes": [1, -1]}, r"paint.tubes=\[1, -1\]: expected at least 0"),
        ({"tubes": 3}, "paint.tubes=3: expected a list of whole numbers or null"),
        ({"tubes": ["a"]}, "expected a list"),
        ({"label": 3}, "paint.label=3: expected a text or null"),
        ({"glossy": "yes"}, "paint.glossy='yes': expected true or false"),
        ({"label": REQUIRED}, "paint.label is not set: give paint.label=..., what is written on it"),
    ],
)
def test_values_that_do_not_fit_are_errors_that_name_the_key(keys: dict[str, object], message: str) -> None:
    with pytest.raises(InputError, match=message):
        Paint(**keys)  # type: ignore[arg-type]


def test_a_list_is_a_new_one_for_each_instance() -> None:
    assert settings.SeededClustering().seeds is not settings.SeededClustering().seeds
    assert settings.default(settings.SeededClustering, "seeds") == list(range(10))


def test_what_cannot_change_results_is_said_where_the_key_is_declared() -> None:
    assert settings.without_effect(Paint) == {"shelf"}
    assert settings.without_effect(settings.Trainer) == {"store", "own", "workers", "processes"}
    assert {"outputs", "store", "weights", "tracking", "force", "title", "show"} <= settings.without_effect(
        settings.Run
    )


def test_a_missing_root_is_named() -> None:
    with pytest.raises(InputError, match=r"data\.root is not set: give data\.root=\.\.\., folder of the images"):
        settings.ImageFolder()
