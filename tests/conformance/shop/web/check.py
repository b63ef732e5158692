"""Ends with 0 if the application can serve; imports little, as it runs often."""

import http.client

connection = http.client.HTTPConnection("127.0.0.1", 8000)
connection.request("GET", "/")
assert connection.getresponse().status == 200
