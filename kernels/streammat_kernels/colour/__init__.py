"""Colour: planes to RGB and back, tables for linear light."""
