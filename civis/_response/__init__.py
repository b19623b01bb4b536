"""The parts of `civis.response`; import from there."""
