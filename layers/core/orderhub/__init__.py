"""OrderHub: one order core that speaks five documented order APIs.

The packages depend on each other in one direction only (``make check`` proves it)::

    functions → http, wire, payments, bootstrap
    wire, payments → services, domain
    services → ports, domain
    adapters → ports, domain
    domain → the standard library
"""
