"""The line to Redis that a thread holds: cut, silent and forgetful servers."""

import threading

import pytest
import redis

from server.core.store import Store

pytestmark = pytest.mark.only("postgres")  # the leg that has Redis

COUNT = "return redis.call('INCR', KEYS[1]) + ARGV[1]"


@pytest.fixture
def store(leg):
    return Store(leg.redis_url)


def test_a_thread_keeps_its_line(store):
    def number():
        return store._line.ask(("CLIENT", "ID"))

    others = []
    thread = threading.Thread(target=lambda: others.append(number()))
    thread.start()
    thread.join()
    assert number() == number()
    assert others != [number()]


def test_a_line_that_was_cut_is_opened_again(store):
    assert store.run(COUNT, ["test:line"], [0]) == 1
    number = store._line.ask(("CLIENT", "ID"))
    store._redis.client_kill_filter(_id=number)
    assert store.run(COUNT, ["test:line"], [0]) == 2
    assert store._line.ask(("CLIENT", "ID")) != number


def test_a_script_that_redis_forgot_is_sent_again(store):
    script = f"{COUNT} + 10"
    assert [store.run(script, ["test:forgotten"], [0]) for _ in range(2)] == [11, 12]
    assert store._redis.script_exists(store._scripts[script].sha) == [True]


def test_who_does_not_answer_in_time_is_left_and_a_late_answer_is_nobodys(store):
    with pytest.raises(redis.TimeoutError):
        store._line.ask(("BLPOP", "test:nothing-comes", 1))
    assert store._line.ask(("ECHO", "heard")) == "heard"


def test_an_error_that_redis_answers_keeps_the_line(store):
    number = store._line.ask(("CLIENT", "ID"))
    with pytest.raises(redis.ResponseError):
        store._line.ask(("NONSENSE",))
    assert store._line.ask(("CLIENT", "ID")) == number


def test_where_nobody_listens_it_fails_at_once():
    nowhere = Store("redis://127.0.0.1:1/0")
    with pytest.raises(redis.ConnectionError):
        nowhere._line.ask(("PING",))
