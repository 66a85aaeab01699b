"""Names, places and findings from which demo data is drawn; nobody in here is real."""

from __future__ import annotations

from dataclasses import dataclass

from server.core.access import Role


@dataclass(frozen=True)
class Culture:
    """Names that go together, and the language that is spoken."""

    language: str
    female: tuple[str, ...]
    male: tuple[str, ...]
    last: tuple[str, ...]


CULTURES = (
    Culture("en", ("Grace", "Mary-Ann", "Siobhán"), ("Walter", "Jean-Luc", "Seán"), ("O'Brien", "Smith-Jones", "Hale")),
    Culture("es", ("María José", "Inés", "Begoña"), ("José", "Ramón", "Íñigo"), ("García Núñez", "Peña", "Ibáñez")),
    Culture("ar", ("فاطمة", "عائشة", "ليلى"), ("محمد", "يوسف", "خالد"), ("الخطيب", "حداد", "منصور")),
    Culture("zh", ("秀英", "丽", "静怡"), ("伟", "建国", "志明"), ("王", "李", "欧阳")),
    Culture("de", ("Änne", "Jördis", "Käthe"), ("Jürgen", "Björn", "Götz"), ("Müller", "Groß", "von der Höhe")),
    Culture("fr", ("Zoë", "Anaïs", "Éloïse"), ("François", "Gaël", "Loïc"), ("D'Angély", "Lefèvre", "Saint-Exupéry")),
    Culture("pl", ("Żaneta", "Łucja", "Małgorzata"), ("Łukasz", "Błażej", "Świętosław"), ("Wiśniewska", "Żółć", "Dąb")),
    Culture("hi", ("प्रिया", "अनीता", "लक्ष्मी"), ("राजेश", "अर्जुन", "विक्रम"), ("शर्मा", "सिंह", "त्रिपाठी")),
    Culture("tr", ("Ayşe", "Gülşen"), ("İbrahim", "Oğuz"), ("Yıldız", "Öztürk")),  # noqa: RUF001 -- a Turkish letter
    Culture("ru", ("Наталья", "Ольга", "Алёна"), ("Алексей", "Пётр", "Юрий"), ("Кузнец", "Щербак", "Шевченко")),
    Culture("vi", ("Nguyệt", "Thảo", "Quỳnh"), ("Đức", "Tuấn", "Hữu"), ("Nguyễn", "Trần", "Phạm")),
    Culture("ja", ("さくら", "陽子", "美咲"), ("健太", "翔", "ヒロシ"), ("佐藤", "渡辺", "小鳥遊")),
)

STAFF = {
    Role.ADMIN: ("Ada", "Quist"),
    Role.DOCTOR: ("Miriam", "Okafor"),
    Role.NURSE: ("Tomás", "Ferreira"),
    Role.RECEPTIONIST: ("Ines", "Halloran"),
    Role.TECHNICIAN: ("Yusuf", "Demir"),
    Role.PHARMACIST: ("Hanna", "Lindqvist"),
    Role.PHARMACY_MANAGER: ("Rajiv", "Menon"),
    Role.PHARMACY_TECHNICIAN: ("Chloé", "Marchand"),
    Role.CASHIER: ("Piotr", "Zieliński"),
    Role.PATIENT: ("Grace", "O'Brien"),
}


@dataclass(frozen=True)
class Practice:
    """What a demo doctor practises, where, in which languages and for how much (minor units)."""

    first_name: str
    last_name: str
    specialties: tuple[str, ...]
    city: str
    languages: tuple[str, ...]
    fee: int
    years: int


# The first is whose account is the demo doctor's.
DOCTORS = (
    Practice(*STAFF[Role.DOCTOR], ("general_practice", "internal_medicine"), "Boston", ("en", "fr"), 9000, 14),
    Practice("Julián", "Peña Ibáñez", ("cardiology",), "Boston", ("es", "en"), 18000, 22),
    Practice("Åsa", "Lindqvist", ("dermatology",), "Worcester", ("sv", "en"), 14500, 9),
    Practice("Priya", "Raman", ("pediatrics",), "Providence", ("en", "hi", "ta"), 11000, 17),
    Practice("Minh", "Đặng", ("orthopedics", "general_surgery"), "Hartford", ("vi", "en"), 21000, 31),
    Practice("Leyla", "Yıldız", ("psychiatry",), "Portland", ("tr", "de", "en"), 16000, 6),  # noqa: RUF001 -- Turkish
)

# City, state, postal code, telephone area.
CITIES = (
    ("Boston", "Massachusetts", "02118", "617"),
    ("Worcester", "Massachusetts", "01608", "508"),
    ("Providence", "Rhode Island", "02903", "401"),
    ("Hartford", "Connecticut", "06103", "860"),
    ("Portland", "Maine", "04101", "207"),
)
STREETS = ("Elm Street", "Harbour Row", "Mill Lane", "St. Mary's Road", "Via Dell'Orto", "Cañon Way", "Chestnut Avenue")

ALLERGIES = (
    ("Penicillin", "drug", "Hives"),
    ("Ibuprofen", "drug", "Wheezing"),
    ("Sulfamethoxazole", "drug", "Rash"),
    ("Peanut", "food", "Swelling of lips and throat"),
    ("Shellfish", "food", "Hives"),
    ("Cow's milk", "food", None),
    ("Birch pollen", "environment", "Sneezing, itching eyes"),
    ("House dust mite", "environment", None),
    ("Bee venom", "environment", "Anaphylaxis"),
    ("Latex", "environment", "Contact dermatitis"),
)

# ICD-10-CM.
CONDITIONS = (
    ("I10", "Essential (primary) hypertension"),
    ("E11.9", "Type 2 diabetes mellitus without complications"),
    ("J45.909", "Unspecified asthma, uncomplicated"),
    ("E78.5", "Hyperlipidemia, unspecified"),
    ("K21.9", "Gastro-esophageal reflux disease without esophagitis"),
    ("M54.50", "Low back pain, unspecified"),
    ("F41.1", "Generalized anxiety disorder"),
    ("G43.909", "Migraine, unspecified, not intractable, without status migrainosus"),
    ("E03.9", "Hypothyroidism, unspecified"),
    ("L20.9", "Atopic dermatitis, unspecified"),
    ("M17.11", "Unilateral primary osteoarthritis, right knee"),
    ("N39.0", "Urinary tract infection, site not specified"),
)
