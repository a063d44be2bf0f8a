"""Simulated runners written as the exports of watches and platforms, for samples, tests and benchmarks."""
