"""What every module stands on: the life of a request, access, lists, errors, fields. It knows no module."""
