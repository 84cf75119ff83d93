"""Figures from arrays and tables: the only package that imports matplotlib."""
