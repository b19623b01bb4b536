"""A door to one database of the warehouse for programs that speak PostgreSQL's protocol, such as dbt.

DuckDB lets one process open a file, and that is the platform. Through the gateway a program sends its SQL to
the platform, which runs it as it runs any other, in Redshift's dialect and on behalf of the run's user::

    with Gateway(database, user="ann", password=token) as gateway:
        print(gateway.port)          # on 127.0.0.1, as long as the block goes on

Every message is a transaction of its own: a ROLLBACK undoes nothing. Tables that are temporary live in a
schema of the gateway's, which goes with it.
"""

from __future__ import annotations

from civis.local.gateway.server import Gateway

__all__ = ["Gateway"]
