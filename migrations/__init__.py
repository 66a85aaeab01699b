"""Numbered migrations; `HEAD` names the last, so that parallel ones collide in git."""
