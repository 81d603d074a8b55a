"""Tests: over real HTTP on loopback, real files and processes; fakes where a property needs many runs."""
