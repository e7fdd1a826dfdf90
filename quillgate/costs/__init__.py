"""What the stack costs on AWS: a dated price table, and how much of everything a month takes.

`prices` reads `prices.toml`; `workload` is what a person says of the month, `usage` what the
product makes of that, `estimate` the two multiplied.
"""
