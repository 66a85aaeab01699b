"""Read FHIR R4 resources as our fields, each room's beside the others."""
