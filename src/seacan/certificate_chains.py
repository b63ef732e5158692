"""Chains of certificates, checked alike under every Python, and as Go does, hence Docker.

Since 3.13, ssl.create_default_context() refuses certificates without some of the extensions of RFC
5280, which those of Docker's own guide to protected sockets lack.
"""

import ssl


def check_as_go(context: ssl.SSLContext) -> ssl.SSLContext:
    """Have `context` ask for no more, and trust each certificate that it was given; return it."""
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    return context
