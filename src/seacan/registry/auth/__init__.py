"""Authentication, and who may do what; imported when it is configured.

rules.py           --allow: users, actions, repositories
htpasswd.py        names and bcrypt hashes, in Apache's file
basic.py           a password with each request
tokens.py          a token with each request, from somewhere else or from issuer.py
keys.py            tokens of an issuer whose public keys are known
issuer.py          tokens of our own, for passwords, and for those who have none
"""
