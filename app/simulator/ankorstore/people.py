"""
Retailers and addresses to order with, invented but shaped like real ones.

Drawn from the company's seeded random numbers. Street forms differ by country: the number stands
before or after the name, with or without a letter or a box, as it does in the field. VAT numbers
are nobody's, with the right check digits.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from uuid import UUID

from app.simulator.ankorstore.records import Address, Retailer


@dataclass(frozen=True, slots=True)
class Place:
    """A street in a town."""

    country: str
    postal_code: str
    city: str
    street: str
    phone: str
    vat: str


PLACES: tuple[Place, ...] = (
    Place("NL", "1012 JS", "Amsterdam", "Damstraat {n}", "+3120624{p}", "NL991058756B01"),
    Place("NL", "3511 LX", "Utrecht", "Oudegracht {n} bis", "+3130231{p}", "NL990475591B01"),
    Place("NL", "8121 GW", "Arnhem", "Kortricklaan {n}-B", "+3126442{p}", "NL996539906B01"),
    Place("BE", "9000", "Gent", "Veldstraat {n}", "+3292251{p}", "BE0996599378"),
    Place("BE", "1000", "Bruxelles", "Rue Neuve {n}", "+3222191{p}", "BE0992746401"),
    Place("BE", "2000", "Antwerpen", "Meir {n} bus 4", "+3232311{p}", "BE0993352749"),
    Place("DE", "10178", "Berlin", "Rosenthaler Straße {n}", "+4930284{p}", "DE995806224"),
    Place("DE", "80331", "München", "Sendlinger Str. {n}a", "+4989260{p}", "DE992973111"),
    Place("DE", "50667", "Köln", "Hohe Straße {n}", "+4922125{p}", "DE998329781"),
    Place("FR", "75003", "Paris", "{n} rue de Turenne", "+3314887{p}", "FR34995009776"),
    Place("FR", "69002", "Lyon", "{n} bis rue Mercière", "+3347837{p}", "FR48996982211"),
    Place("FR", "03600", "Commentry", "{n} place du 14 Juillet", "+3347064{p}", "FR08990142275"),
    Place("ES", "08002", "Barcelona", "Carrer d'Avinyó {n}", "+3493301{p}", "ESB99287757"),
    Place("IT", "20121", "Milano", "Via Brera {n}", "+3902720{p}", "IT99991420698"),
)
FIRST_NAMES = ("Charlotte", "Joost", "Amélie", "Jürgen", "Sofía", "Thijs", "Inès", "Marta", "Émile")
LAST_NAMES = ("Attan", "van der Berg", "Lefèvre", "Müller", "García", "De Smet", "O'Brien", "Rossi")
STORES = ("Concept Store {c}", "Maison {c}", "De Winkel {c}", "Papeterie {c}", "Laden {c}")


def make_id(random: Random) -> str:
    """Return a random UUID."""
    return str(UUID(int=random.getrandbits(128), version=4))


def invent_retailer(random: Random, now: datetime) -> tuple[Retailer, Address]:
    """Return a retailer and the address of the shop."""
    place = random.choice(PLACES)
    first_name, last_name = random.choice(FIRST_NAMES), random.choice(LAST_NAMES)
    store = random.choice(STORES).format(c=place.city)
    digits = f"{random.randrange(10**9):09d}"
    retailer = Retailer(
        id=make_id(random),
        store_name=store,
        company_name=random.choice((None, f"{last_name} & Co")),
        first_name=first_name,
        last_name=last_name,
        email=f"shop{digits[:5]}@example.com",
        phone_number=place.phone.format(p=f"{random.randrange(10_000):04d}"),
        vat_number=place.vat,
        tax_number=digits,
        created_at=now - timedelta(days=random.randrange(30, 1500)),
    )
    address = Address(
        name=f"{first_name} {last_name}",
        organisation_name=store,
        street=place.street.format(n=random.randrange(1, 180)),
        postal_code=place.postal_code,
        city=place.city,
        country_code=place.country,
    )
    return retailer, address
