"""A web application: orders in PostgreSQL, visits counted in Redis.

GET /        {"edition": …, "host": …, "orders": …, "visits": …}
POST /       an order, whatever its text
"""

import json
import os
import signal
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import psycopg2  # type: ignore[import-not-found,import-untyped,unused-ignore]
import redis  # type: ignore[import-not-found,import-untyped,unused-ignore]

PORT = 8000


def database() -> Any:
    with open("/run/secrets/db_password", encoding="ascii") as file:
        password = file.read().strip()
    connection = psycopg2.connect(host="db", user="shop", dbname="shop", password=password)
    connection.autocommit = True
    return connection


class Shop(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        connection = database()
        with connection.cursor() as cursor:
            cursor.execute("select count(*) from orders")
            (orders,) = cursor.fetchone()
        connection.close()
        visits = redis.Redis(host="cache").incr("visits")
        self.answer(
            {
                "edition": os.environ["EDITION"],
                "host": socket.gethostname(),
                "orders": orders,
                "visits": visits,
            }
        )

    def do_POST(self) -> None:
        text = self.rfile.read(int(self.headers["Content-Length"])).decode()
        connection = database()
        with connection.cursor() as cursor:
            cursor.execute("insert into orders values (%s)", [text])
        connection.close()
        self.answer({})

    def answer(self, value: object) -> None:
        body = json.dumps(value).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        return


class Server(ThreadingHTTPServer):
    daemon_threads = False  # a request that has begun is answered before the end
    request_queue_size = 128


def main() -> None:
    connection = database()
    with connection.cursor() as cursor:
        cursor.execute("select pg_advisory_lock(1)")  # several begin at once
        cursor.execute("create table if not exists orders (text text)")
    connection.close()
    server = Server(("", PORT), Shop)
    signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=server.shutdown).start())
    server.serve_forever(poll_interval=0.05)
    server.server_close()


if __name__ == "__main__":
    main()
