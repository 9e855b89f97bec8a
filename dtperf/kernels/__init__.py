"""Numba kernels: pure functions of flat arrays, one physical step a file."""
