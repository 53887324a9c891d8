"""Names of organisations, hosts and people that could be real, all under reserved domains (RFC 2606).

Owns the words. Refuses to know what is named with them.
"""

from random import Random
from typing import Final


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


_PLACES: Final = _words(
    "northgate alder brookfield harlow kessler lindqvist moreau tanaka castell ravensburg dunmore elbe aspen "
    "stonebridge larkfield montclair verhoeven bianchi novak oakridge westhaven silverlake marlow penrose "
    "kilbride thornton halden vestre sundby falk roth berger weiss schuster lambert girard rossi ferrari "
    "santos pereira kowalski horvath popescu ivanov sokolov yamada suzuki harbour meridian summit delta "
    "keystone beacon orchard granite cobalt juniper saffron falcon heron swift atlas orion zenith vega"
)
_TRADES: Final = _words(
    "logistics bau school college law legal consulting dental clinic print media design travel tours freight "
    "marine energy solar tools metal timber foods catering hotel insurance finance capital audit tax software "
    "systems data labs research engineering architects builders plumbing motors cycles garden seeds wine "
    "trading imports textiles optics medical pharma vet theatre museum library choir rowing chess sailing "
    "verein forum union council parish housing estates press books music film photo sport tech group"
)
_GIVEN: Final = _words(
    "Anna Bernd Carla David Elena Frank Grace Hannah Ivan Julia Karl Laura Marco Nina Oscar Paula Quentin Rosa "
    "Stefan Tanja Ulrich Vera Walter Xenia Yuki Zoe Peter Maria Jan Sofia Luca Emma Noah Ingrid Lars Pilar Jorge "
    "Aiko Kenji Wei Priya Arjun Fatima Omar Katarzyna Piotr Zsofia Dimitri Olga Sean Aoife Fiona Graham Nigel "
    "Margaret Keith Brenda Howard Denise"
)
_FAMILY: Final = _words(
    "Abbott Becker Carver Dubois Eriksen Fischer Grant Hansen Ivers Jansen Keller Lopez Marsh Nilsson Olsen "
    "Petrov Quinn Richter Schmidt Turner Ullman Vogel Wagner Yates Zimmer Novotny Costa Almeida Rinaldi Conti "
    "Laurent Mercier Sato Kimura Chen Wang Sharma Iyer Haddad Nowak Szabo Popov Murphy Byrne Fraser Campbell "
    "Hughes Price Lowe Barker Whitfield Pemberton Sinclair Mbeki Okafor Adeyemi Larsson Virtanen Korhonen"
)
_NETWORKS: Final = _words(
    "seaway telenet cablelink fastnet homeline citywave northcom eurolink teleport skynode baynet lakecom "
    "clearline starnet"
)
_MAIL_HOSTS: Final = _words(
    "mail mx mx1 mx2 smtp smtp1 relay mailgate mailhost mailhub gw gateway post mx10 out smtp-out mta1 lists "
    "ns1 web1 www"
)
_WINDOWS_HOSTS: Final = _words(
    "server sbs srv exchange exch mail dc ntserver mailsrv ex fs msx hub cas nt company"
)
_COMPUTERS: Final = _words(
    "reception office thinkpad desktop dell macbook buero laptop ws pc notebook home lap station hp"
)
_ALNUM: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
_NAMED_BY_WINDOWS: Final = ((2002, "", 0), (2008, "", 0), (2015, "WIN-", 11), (9999, "DESKTOP-", 7))
"""The last year, and how a new Windows named a machine: what its name began with, and how many letters were drawn."""


class Names:
    """Draws names, none of them twice."""

    def __init__(self, draw: Random) -> None:
        self._draw = draw
        self._taken: set[str] = set()

    def domain(self) -> str:
        """Return an organisation's domain."""
        draw = self._draw
        while True:
            place, trade = draw.choice(_PLACES), draw.choice(_TRADES)
            joint = draw.choice(("", "-", "-", ""))
            label = draw.choice(
                (f"{place}{joint}{trade}", f"{place}{joint}{trade}", place, f"{trade}-{place}")
            )
            name = f"{label}.{draw.choice(('example', 'test'))}"
            if name not in self._taken:
                self._taken.add(name)
                return name

    def network(self) -> str:
        """Return an access provider's domain."""
        draw = self._draw
        while True:
            name = f"{draw.choice(_NETWORKS)}{draw.choice(('', '-online', '24', ''))}.{draw.choice(('example', 'test'))}"
            if name not in self._taken:
                self._taken.add(name)
                return name

    def person(self, domain: str) -> tuple[str, str]:
        """Return a person's name and address."""
        draw = self._draw
        while True:
            given, family = draw.choice(_GIVEN), draw.choice(_FAMILY)
            local = draw.choice(
                (
                    f"{given}.{family}",
                    f"{given[0]}{family}",
                    given,
                    f"{given[0]}.{family}",
                    family,
                    draw.choice(("info", "office", "mail", "contact", "sales")),
                )
            ).lower()
            address = f"{local}@{domain}"
            if address not in self._taken:
                self._taken.add(address)
                return f"{given} {family}", address


def mail_host(draw: Random, domain: str, *, is_windows: bool) -> str:
    """Return the full name of a server."""
    label = draw.choice(_WINDOWS_HOSTS if is_windows else _MAIL_HOSTS)
    if not label[-1].isdigit() and draw.random() < 0.45:  # noqa: PLR2004 -- about half are numbered
        label += draw.choice(("-", "", "")) + str(draw.choice((1, 2, 3, 4, draw.randint(5, 40)))).rjust(
            draw.choice((1, 2)), "0"
        )
    return f"{label}.{domain}"


def computer(draw: Random, year: int) -> str:
    """Return the name of a user's machine, without a domain."""
    sort = draw.random()
    _, begin, drawn = next(entry for entry in _NAMED_BY_WINDOWS if year <= entry[0])
    if drawn and sort < 0.3:  # noqa: PLR2004 -- who left the name as it was
        return begin + "".join(draw.choices(_ALNUM, k=drawn))
    if sort < 0.6:  # noqa: PLR2004 -- a person's
        owner = draw.choice((draw.choice(_GIVEN), draw.choice(_FAMILY)))
        name = draw.choice(
            (
                owner,
                f"{owner}-pc",
                f"{owner}{draw.randint(1, 9)}",
                f"pc-{owner}",
                f"{owner[0]}{draw.choice(_FAMILY)}",
            )
        )
        return draw.choice((name.lower(), name.lower(), name, name.upper()))
    name = draw.choice(_COMPUTERS) + draw.choice(
        ("", "", "-pc", str(draw.randint(1, 99)), f"-{draw.randint(1, 9999):04}")
    )
    return draw.choice((name, name, name.upper()))
