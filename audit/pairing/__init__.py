"""Replays and scores become paired draws, with their costs and what could not be measured."""
