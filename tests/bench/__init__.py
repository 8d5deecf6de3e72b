"""Benchmarks: casepack against its peers and the floor, as ratios in one run (`make bench`).

Not collected by pytest: a time is no test.
"""
