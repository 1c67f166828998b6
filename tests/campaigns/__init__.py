"""Long series of misfortunes, drawn from a seed: `python -m tests.campaigns kills --number 200 --seed 0`.

Each prints what it did and what went wrong, and ends with exit code 1 if anything did. The tests have short forms.
"""
