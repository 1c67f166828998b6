"""p of permutation tests in words: what a test with few draws cannot tell is not printed as if it could."""

import math

SIGNIFICANT = 0.05
"""Largest p, or q, that is shown as significant."""


def p_cell(p: float, n_draws: int) -> str:
    """Returns a p for a table: ``0.03``, or ``<= 0.001`` for the smallest that so many draws can give; empty for NaN.

    Args:
        p: (1 + number of draws that reach the observed value) / (1 + n_draws).
        n_draws: Number of draws behind it.
    """
    if math.isnan(p):
        return ""
    floor = 1.0 / (1.0 + n_draws)
    return f"<= {floor:.1g}" if p <= floor * (1.0 + 1e-9) else f"{p:.2g}"


def q_cell(q: float, p: float, n_draws: int) -> str:
    """Returns a q for a table; like p, it is a bound where p is the smallest that so many draws can give."""
    bound = "<= " if p_cell(p, n_draws).startswith("<=") else ""
    return "" if math.isnan(q) else f"{bound}{q:.2g}"


def p_words(p: float, n_draws: int) -> str:
    """Returns a p for a sentence, such as ``p = 0.03`` or ``p <= 0.001``; see `p_cell`."""
    cell = p_cell(p, n_draws)
    return f"p {cell}" if cell.startswith("<=") else f"p = {cell or 'undefined'}"
