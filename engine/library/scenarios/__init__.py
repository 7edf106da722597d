"""Scenarios: how the processes of a bundle are to run, played on a database of their own.

scenario      what a scenario says
reading       the file that it stands in
stage         a database with the bundle, a clock and people for one scenario
playing       does what a scenario says, and compares what comes with what it expects
coverage      which sequence flows and decision rules the scenarios have taken
trial         all of it for a bundle
picture       a diagram with what was covered, as SVG; shapes draws its parts
"""
