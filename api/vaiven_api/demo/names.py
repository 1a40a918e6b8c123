"""Names, towns and mail hosts that the generated company draws from; small on purpose, so that namesakes occur."""

from typing import NamedTuple


class Culture(NamedTuple):
    """Where a person comes from.

    Args:
        country: ISO 3166-1 alpha-2 code.
        label: the country as HubSpot's users type it.
        dial: country calling code, without the plus.
        digits: of a national significant number.
        lead: first digits of a mobile number.
    """

    country: str
    label: str
    dial: str
    digits: int
    lead: str
    given: tuple[str, ...]
    family: tuple[str, ...]
    towns: tuple[tuple[str, str, str], ...]
    streets: tuple[str, ...]


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


CULTURES = (
    Culture(
        "DE", "Germany", "49", 10, "151",
        _words("Anna Lukas Jürgen Sabine Katharina Björn Heike Matthias Ulrike Stefan Greta Moritz Frieda Jonas Ilse"),
        _words("Müller Schmidt Schneider Fischer Weber Becker Schäfer Koch Richter Klein Wolf Neumann Vogel Krüger"),
        (("Berlin", "BE", "10115"), ("Hamburg", "HH", "20095"), ("Köln", "NW", "50667"), ("Leipzig", "SN", "04109")),
        ("Lindenstraße", "Hauptstraße", "Am Markt", "Goethestraße"),
    ),
    Culture(
        "ES", "Spain", "34", 9, "612",
        _words("Lucía Javier Carmen Alejandro Pilar Íñigo Marta Diego Begoña Sergio Noelia Álvaro Rocío Pablo Inés"),
        ("García", "Martínez", "López", "Sánchez", "Pérez Rubio", "Gómez", "Díaz", "Muñoz", "Romero", "Ibáñez"),
        (("Madrid", "MD", "28013"), ("Sevilla", "SE", "41001"), ("Bilbao", "BI", "48001"), ("València", "V", "46001")),
        ("Calle Mayor", "Gran Vía", "Calle del Sol", "Avenida de América"),
    ),
    Culture(
        "US", "United States", "1", 10, "415",
        _words("Emma Liam Olivia Noah Ava Ethan Sophia Mason Grace Logan Harper Zoe Wyatt Naomi Tyler Brooke"),
        _words("Smith Johnson Williams Brown Jones Miller Davis Wilson Anderson Taylor Moore Jackson O'Neill Lee Hill"),
        (("Denver", "CO", "80202"), ("Austin", "TX", "78701"), ("Portland", "OR", "97201"), ("Boston", "MA", "02108")),
        ("Main Street", "Oak Avenue", "Maple Drive", "5th Avenue"),
    ),
    Culture(
        "FR", "France", "33", 9, "612",
        _words("Camille Hugo Chloé Théo Manon Gaël Élodie Antoine Margaux Rémi Aurélie Benoît Inès Loïc Solène"),
        _words("Martin Bernard Dubois Lefèvre Moreau Girard Rousseau Fournier Mercier Blanc Guérin Chevalier Faure"),
        (("Lyon", "69", "69002"), ("Paris", "75", "75011"), ("Nantes", "44", "44000"), ("Lille", "59", "59000")),
        ("Rue de la Paix", "Avenue Victor Hugo", "Rue du Moulin", "Boulevard Voltaire"),
    ),
    Culture(
        "IN", "India", "91", 10, "98",
        _words("Aarav Priya Rohan Ananya Vikram Kavya Arjun Meera Siddharth Ishita Rahul Divya Nikhil Lakshmi Farhan"),
        _words("Sharma Patel Reddy Iyer Khan Gupta Nair Singh Mehta Desai Chatterjee Bose Rao Kulkarni Joshi"),
        (("Mumbai", "MH", "400001"), ("Pune", "MH", "411001"), ("Chennai", "TN", "600001"), ("Delhi", "DL", "110001")),
        ("MG Road", "Station Road", "Park Street", "Temple Road"),
    ),
    Culture(
        "PL", "Poland", "48", 9, "512",
        _words("Zofia Jakub Małgorzata Łukasz Agnieszka Paweł Kinga Michał Wioletta Bartosz Natalia Szymon Ewa Kacper"),
        _words("Nowak Kowalczyk Wiśniewski Wójcik Kamiński Lewandowski Zieliński Szymański Woźniak Dąbrowski Mazur"),
        (("Kraków", "MA", "30-001"), ("Gdańsk", "PM", "80-001"), ("Poznań", "WP", "60-001"), ("Łódź", "LD", "90-001")),
        ("Długa", "Polna", "Kościelna", "Słoneczna"),
    ),
)  # fmt: skip

HOSTS = ("gmail.com", "outlook.com", "posteo.example", "mail.example.org", "inbox.example.net")
"""Where people have their private addresses; the tools here send no mail."""
TITLES = (
    "Head of Marketing",
    "Buyer",
    "CEO",
    "Office Manager",
    "Developer",
    "Sales Lead",
    "Designer",
    "Accountant",
)
TRADES = ("Logistics", "Foods", "Software", "Textiles", "Energy", "Studios", "Travel", "Tools", "Media", "Health")
INDUSTRIES = ("COMPUTER_SOFTWARE", "INTERNET", "RETAIL", "MARKETING_AND_ADVERTISING", "FINANCIAL_SERVICES")
STAGES = ("appointmentscheduled", "qualifiedtobuy", "presentationscheduled", "closedwon", "closedlost")
LIFECYCLES = ("lead", "marketingqualifiedlead", "opportunity", "customer", "evangelist")
TAGS = ("newsletter", "vip", "event-2025", "webinar", "trial", "partner")
CAMPAIGNS = ("Spring sale", "Product news", "Autumn webinar", "Year in review", "Customer stories", "New prices")
