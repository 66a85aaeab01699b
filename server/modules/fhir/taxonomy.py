"""What codes of specialties are called here.

NUCC: Health Care Provider Taxonomy 20.2 (http://nucc.org/provider-taxonomy, as in HL7 Da Vinci PDex Plan-Net 1.1.0).
SNOMED CT: FHIR R4's preferred value set for `PractitionerRole.specialty`, http://hl7.org/fhir/ValueSet/c80-practice-codes.
A code that is narrower than a specialty here (interventional cardiology, paediatric surgery) is left to its words.
"""

from __future__ import annotations

_NUCC = "http://nucc.org/provider-taxonomy"
_SNOMED = "http://snomed.info/sct"

CODES = {
    (_NUCC, "103T00000X"): "psychology",  # Psychologist
    (_NUCC, "122300000X"): "dentistry",  # Dentist
    (_NUCC, "207K00000X"): "allergy_immunology",  # Allergy & Immunology
    (_NUCC, "207L00000X"): "anesthesiology",  # Anesthesiology
    (_NUCC, "207N00000X"): "dermatology",  # Dermatology
    (_NUCC, "207P00000X"): "emergency_medicine",  # Emergency Medicine
    (_NUCC, "207Q00000X"): "family_medicine",  # Family Medicine
    (_NUCC, "207QG0300X"): "geriatrics",  # Geriatric Medicine (Family Medicine)
    (_NUCC, "207R00000X"): "internal_medicine",  # Internal Medicine
    (_NUCC, "207RC0000X"): "cardiology",  # Cardiovascular Disease
    (_NUCC, "207RE0101X"): "endocrinology",  # Endocrinology, Diabetes & Metabolism
    (_NUCC, "207RG0100X"): "gastroenterology",  # Gastroenterology
    (_NUCC, "207RG0300X"): "geriatrics",  # Geriatric Medicine (Internal Medicine)
    (_NUCC, "207RH0000X"): "hematology",  # Hematology (Internal Medicine)
    (_NUCC, "207RI0200X"): "infectious_diseases",  # Infectious Disease
    (_NUCC, "207RN0300X"): "nephrology",  # Nephrology
    (_NUCC, "207RP1001X"): "pulmonology",  # Pulmonary Disease
    (_NUCC, "207RR0500X"): "rheumatology",  # Rheumatology
    (_NUCC, "207RX0202X"): "oncology",  # Medical Oncology
    (_NUCC, "207V00000X"): "gynecology",  # Obstetrics & Gynecology
    (_NUCC, "207VG0400X"): "gynecology",  # Gynecology
    (_NUCC, "207W00000X"): "ophthalmology",  # Ophthalmology
    (_NUCC, "207X00000X"): "orthopedics",  # Orthopaedic Surgery
    (_NUCC, "207Y00000X"): "otolaryngology",  # Otolaryngology
    (_NUCC, "208000000X"): "pediatrics",  # Pediatrics
    (_NUCC, "2084N0400X"): "neurology",  # Neurology
    (_NUCC, "2084P0800X"): "psychiatry",  # Psychiatry
    (_NUCC, "2085R0202X"): "radiology",  # Diagnostic Radiology
    (_NUCC, "208600000X"): "general_surgery",  # Surgery
    (_NUCC, "208800000X"): "urology",  # Urology
    (_NUCC, "208D00000X"): "general_practice",  # General Practice
    (_NUCC, "225100000X"): "physiotherapy",  # Physical Therapist
    (_SNOMED, "394537008"): "pediatrics",  # Pediatric specialty
    (_SNOMED, "394577000"): "anesthesiology",  # Anesthetics
    (_SNOMED, "394579002"): "cardiology",  # Cardiology
    (_SNOMED, "394582007"): "dermatology",  # Dermatology
    (_SNOMED, "394583002"): "endocrinology",  # Endocrinology
    (_SNOMED, "394584008"): "gastroenterology",  # Gastroenterology
    (_SNOMED, "394585009"): "gynecology",  # Obstetrics and gynecology
    (_SNOMED, "394586005"): "gynecology",  # Gynecology
    (_SNOMED, "394587001"): "psychiatry",  # Psychiatry
    (_SNOMED, "394589003"): "nephrology",  # Nephrology
    (_SNOMED, "394591006"): "neurology",  # Neurology
    (_SNOMED, "394592004"): "oncology",  # Clinical oncology
    (_SNOMED, "394593009"): "oncology",  # Medical oncology
    (_SNOMED, "394594003"): "ophthalmology",  # Ophthalmology
    (_SNOMED, "394609007"): "general_surgery",  # Surgery-general
    (_SNOMED, "394612005"): "urology",  # Urology
    (_SNOMED, "394801008"): "orthopedics",  # Trauma and orthopedics
    (_SNOMED, "394803006"): "hematology",  # Clinical hematology
    (_SNOMED, "394807007"): "infectious_diseases",  # Infectious diseases
    (_SNOMED, "394810000"): "rheumatology",  # Rheumatology
    (_SNOMED, "394811001"): "geriatrics",  # Geriatric medicine
    (_SNOMED, "394812008"): "dentistry",  # Dental medicine specialties
    (_SNOMED, "394814009"): "general_practice",  # General practice
    (_SNOMED, "394914008"): "radiology",  # Radiology
    (_SNOMED, "408443003"): "general_practice",  # General medical practice
    (_SNOMED, "418112009"): "pulmonology",  # Pulmonary medicine
    (_SNOMED, "418960008"): "otolaryngology",  # Otolaryngology
    (_SNOMED, "419192003"): "internal_medicine",  # Internal medicine
    (_SNOMED, "419772000"): "family_medicine",  # Family practice
}
