"""moto's services that are worth having, one WSGI application each.

moto's own dispatcher looks the service up on disk for every request (moto 5.2.5,
moto_server/werkzeug_app.py: DomainDispatcherApplication), which is a third of the time of a small
PUT, as measured; who is asked is known here already.
"""

from collections.abc import Mapping

from moto.moto_server.werkzeug_app import create_backend_app

from local_cloud.server import Application

# What moto really does. Everything else that it knows is a list in memory that says yes.
SERVICES = ("s3", "sqs", "sts", "iam")


def moto_services() -> Mapping[str, Application]:
    """An application per service, ready to be called from many threads."""
    return {service: create_backend_app(service) for service in SERVICES}
