"""Arithmetic of figures: each rule stands once, is exact (int, Decimal, Fraction; never a float), and names its source.

`ratio` pairs and "no data" · `rounding` once, at display · `shares` that add up · `spread` of durations and rates ·
`periods` in the company's zone · `ranks` with ties · `scores` over factors · `mix` of a difference · `sampling`.
"""
