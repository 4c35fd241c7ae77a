"""django-scim2 on loopback, in an SQLite file: PORT TOKEN FOLDER."""

import os
import sys

import django
from django.conf import settings

PORT, TOKEN, FOLDER = sys.argv[1:4]
sys.path.insert(0, os.path.dirname(__file__))

settings.configure(
    SECRET_KEY="only for tests",
    ALLOWED_HOSTS=["127.0.0.1"],
    USE_TZ=True,
    INSTALLED_APPS=[
        "django.contrib.contenttypes",
        "django.contrib.auth",
        "django_scim",
        "django_directory",
    ],
    AUTH_USER_MODEL="django_directory.User",
    ROOT_URLCONF="django_directory.urls",
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    DATABASES={
        "default": {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": os.path.join(FOLDER, "directory.sqlite3"),
            "OPTIONS": {"timeout": 20},
            # It writes a user in two steps; killed between them it would keep half a user.
            "ATOMIC_REQUESTS": True,
        }
    },
    MIDDLEWARE=[
        "django_directory.auth.BearerToken",
        "django_scim.middleware.SCIMAuthCheckMiddleware",
    ],
    BEARER_TOKEN=TOKEN,
    SCIM_SERVICE_PROVIDER={
        "NETLOC": f"127.0.0.1:{PORT}",
        "SCHEME": "http",
        "GROUP_MODEL": "django_directory.models.Group",
        "AUTHENTICATION_SCHEMES": [
            {"type": "oauthbearertoken", "name": "Bearer", "description": "a fixed token"}
        ],
    },
)
django.setup()

from django.core.management import call_command  # noqa: E402
from django.core.wsgi import get_wsgi_application  # noqa: E402
from waitress import serve  # noqa: E402

call_command("migrate", run_syncdb=True, verbosity=0)
# With more threads SQLite answers some writes that it is locked.
serve(get_wsgi_application(), listen=f"127.0.0.1:{PORT}", threads=1)
