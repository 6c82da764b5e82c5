"""Endereco: the address of a database server, which carries a password.

The rule: what is shown of it is `place`, never the address itself.
"""

from urllib.parse import urlsplit

from ponte.errors import ConfiguracaoInvalida

SCHEMES = ("postgresql", "postgres")


def check_url(url: str) -> str:
    """Return an address that can be meant.

    Raises:
        ConfiguracaoInvalida: it is no address of PostgreSQL.
    """
    try:
        parts = urlsplit(url)
        valid = parts.scheme in SCHEMES and bool(parts.path.strip("/")) and parts.port != 0
    except ValueError:
        valid = False
    if not valid:
        msg = "PONTE_DATABASE_URL: postgresql://user:password@host:port/database expected"
        raise ConfiguracaoInvalida(msg)
    return url


def place(url: str) -> str:
    """Return host, port and database of an address, without user and password."""
    parts = urlsplit(url)
    return f"postgresql://{parts.hostname or 'localhost'}:{parts.port or 5432}{parts.path}"
