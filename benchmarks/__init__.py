"""Measurements; each is a program of its own, and its docstring says how it is run."""
