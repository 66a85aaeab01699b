"""Which vaccine codes hold what, and what is given together. Source: CDC, CVX code set and CDSi v4.10."""

from __future__ import annotations

TETANUS = "Diphtheria, tetanus, pertussis"
MMR = ("Measles", "Mumps", "Rubella")
GROUPS: dict[str, tuple[str, ...]] = {
    "DTaP/Tdap/Td": (TETANUS,),
    "HepA": ("HepA",),
    "HepB": ("HepB",),
    "Hib": ("Hib",),
    "HPV": ("HPV",),
    "Influenza": ("Influenza",),
    "Meningococcal": ("Meningococcal",),
    "MMR": MMR,
    "Pneumococcal": ("Pneumococcal",),
    "Polio": ("Polio",),
    "Rotavirus": ("Rotavirus",),
    "Varicella": ("Varicella",),
    "Zoster": ("Zoster",),
}
GROUP_OF = {antigen: group for group, antigens in GROUPS.items() for antigen in antigens}

# Conjugated pneumococcal vaccines: 13, 7, 15, 20 and 21 valent, and unspecified ones.
CONJUGATES = ("100", "109", "133", "152", "177", "215", "216", "327")
ADULT_TETANUS = ("09", "113", "115", "138", "139", "196")
# Live vaccines that are injected or sprayed: at least 28 days apart unless on one day.
LIVE = ("03", "04", "05", "06", "07", "21", "37", "38", "94", "111", "121", "149", "151", "183", "184")

CODES: dict[str, tuple[str, ...]] = {
    TETANUS: (
        *("01", "09", "20", "22", "28", "50", "102", "106", "107", "110", "113", "115", "120", "130", "132", "138"),
        *("139", "146", "170", "195", "196", "198"),
    ),
    "HepA": ("31", "52", "83", "84", "85", "104", "169", "193"),
    "HepB": ("08", "42", "43", "44", "45", "51", "102", "104", "110", "132", "146", "189", "193", "198", "220"),
    "Hib": ("17", "22", "46", "47", "48", "49", "50", "51", "102", "120", "132", "146", "148", "170", "198"),
    "HPV": ("62", "118", "137", "165"),
    "Influenza": (
        *("15", "16", "88", "111", "135", "140", "141", "144", "149", "150", "151", "153", "155", "158", "161", "166"),
        *("168", "171", "185", "186", "194", "197", "200", "201", "202", "205"),
    ),
    "Measles": ("03", "04", "05", "94"),
    "Meningococcal": ("32", "103", "108", "114", "136", "147", "148", "167", "191", "192", "203"),
    "Mumps": ("03", "07", "38", "94"),
    "Pneumococcal": (*CONJUGATES, "33"),
    "Polio": ("02", "10", "89", "110", "120", "130", "132", "146", "170", "178", "179", "182", "195"),
    "Rotavirus": ("74", "116", "119", "122"),
    "Rubella": ("03", "04", "06", "38", "94"),
    "Varicella": ("21", "94"),
    "Zoster": ("121", "187", "188"),
}
