"""Answers without a model: what a route's log shows, as a rule, a template or a classifier of words; one way a file.

Learned from requests and the answers that they were given, kept as JSON values, and computed by finding strings and
adding numbers: reading what somebody else learned executes nothing.
"""
