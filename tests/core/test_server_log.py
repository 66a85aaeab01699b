"""The server itself keeps quiet about what people searched for, also when it refuses a request line."""

import socket

import pytest


@pytest.mark.slow
@pytest.mark.only("sqlite")
def test_a_refused_request_line_is_logged_without_what_it_says(live_server):
    with socket.create_connection(("127.0.0.1", live_server.port), timeout=5) as line:
        line.sendall("GET /api/v1/patients/search?q=Núñez-Geheim HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        answer = line.recv(1000)
    assert answer.startswith(b"HTTP/1.1 400")
    log = live_server.log.read_text()
    assert "Invalid request from ip=" in log
    assert "Geheim" not in log
