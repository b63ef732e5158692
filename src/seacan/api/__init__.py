"""The Engine REST API: requests become calls of the engine, its records and errors answers.

The transport below it is seacan.http.

server.py     serve(): the routes of an engine on listeners
listeners.py  what it is served on; who is turned away there
authorization.py  what plugins are asked before it is answered
door.py       Route, Call: from a request's path and version to one function of routes/
versions.py   the API versions spoken
query.py      values of the query string, by Docker's rules
bodies.py     JSON bodies, decoded into the shapes of spec/engine_api.py
body_file.py  other bodies, as a file for a thread
gathered.py   pieces of an answer that come faster than they are worth sending
metrics.py    what is at an address of its own, for Prometheus
routes/       one file per resource
shapes/       records of the engine as Docker's JSON, by API version
engine.py     what all of this needs of the engine, as Protocols; images and registries
              are in engine_images.py, volumes and builds in files of theirs
"""
