"""The rooms of the house, one folder per domain; `server/registry.py` names them."""
