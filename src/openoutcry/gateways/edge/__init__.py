"""What every protocol of clients shares: keys and signatures, limits, parameters, errors, replies.

REST, WebSocket and FIX differ in how words travel; what the words mean is decided here, once.
It must not know any protocol's framing.
"""
