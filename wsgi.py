"""The application that servers load: `gunicorn wsgi:app`."""

from server import create_app

app = create_app()
