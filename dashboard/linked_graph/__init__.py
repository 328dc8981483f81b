"""Graphs of riders, cards and devices, drawn the same wherever they are shown."""
