"""The command line of `seacan compose`: main.py, the table of its commands, a module for each.

What an application is, and what is to be done about it, is in seacan.compose.
"""
