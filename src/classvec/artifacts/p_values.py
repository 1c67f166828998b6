"""p of permutation tests in words: what a test with few draws cannot tell is not printed as if it could."""

import math
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray

SIGNIFICANT = 0.05
"""Largest p, or q, that is shown as significant."""


@overload
def p_value(n_reached: int, n_draws: int) -> float: ...
@overload
def p_value(n_reached: NDArray[np.intp], n_draws: int) -> NDArray[np.float64]: ...
def p_value(n_reached: Any, n_draws: int) -> Any:
    """Returns p of a permutation test: the share of draws that reach what was observed, which counts as a draw."""
    return (1.0 + n_reached) / (1.0 + n_draws)


def p_cell(p: float, n_draws: int) -> str:
    """Returns a p for a table: ``0.03``, or ``<= 0.001`` for the smallest that so many draws can give; empty for NaN.

    Args:
        p: See `p_value`.
        n_draws: Number of draws behind it.
    """
    if math.isnan(p):
        return ""
    return f"<= {_upwards(p_value(0, n_draws))}" if _is_floor(p, n_draws) else _digits(p)


def q_cell(q: float, p: float, n_draws: int) -> str:
    """Returns a q for a table; like p, it is a bound where p is the smallest that so many draws can give."""
    if math.isnan(q):
        return ""
    return f"<= {_upwards(q)}" if _is_floor(p, n_draws) else _digits(q)


def t_cell(p: float) -> str:
    """Returns the p of a test without draws, such as Student's, for a table; ``< 0.001`` below that, empty for NaN."""
    if math.isnan(p):
        return ""
    return "< 0.001" if p < 0.001 else _digits(p)


def _digits(p: float) -> str:
    """Returns a p, or q, with two digits, or as many as leave it on its side of `SIGNIFICANT`."""
    return rounded(p, SIGNIFICANT, ".2g", ".3g", ".6g")


def _is_floor(p: float, n_draws: int) -> bool:
    """Returns whether no draw reached what was observed, so that more draws might have given a smaller p."""
    return p <= p_value(0, n_draws) * (1.0 + 1e-9)


def _upwards(bound: float) -> str:
    """Returns a bound with two digits, rounded up, so that it stays one."""
    digits = 1 - math.floor(math.log10(bound))
    return f"{math.ceil(bound * 10**digits * (1.0 - 1e-9)) / 10**digits:.2g}"


def rounded(value: float, limit: float, *forms: str) -> str:
    """Returns a number in the first of several forms that leaves it on its side of a limit.

    What is shown as significant, or not, must not look like the contrary: .0504 is not 0.05.
    """
    sides = (value <= limit, value >= limit)
    texts = [format(value, form) for form in forms]
    return next((text for text in texts if (float(text) <= limit, float(text) >= limit) == sides), texts[-1])


def p_words(p: float, n_draws: int) -> str:
    """Returns a p for a sentence, such as ``p = 0.03`` or ``p <= 0.001``; see `p_cell`."""
    cell = p_cell(p, n_draws)
    return f"p {cell}" if cell.startswith("<=") else f"p = {cell or 'undefined'}"
