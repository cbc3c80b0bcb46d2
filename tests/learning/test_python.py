from tests.learning.reading import calls, elsewhere, errors, read


def test_the_innermost_call_comes_first_though_it_is_printed_last() -> None:
    trace = read("""
Traceback (most recent call last):
  File "/usr/local/lib/python3.11/site-packages/starlette/routing.py", line 74, in app
    response = await func(request)
  File "<frozen importlib._bootstrap>", line 241, in _call_with_frames_removed
  File "/srv/shop/orders/views.py", line 18, in show.<locals>.inner
    order = load(order_id)
            ^^^^^^^^^^^^^^
  File "/srv/shop/orders/repository.py", line 43, in load
    raise OrderNotFound(key)
orders.errors.OrderNotFound: no order A-17
""")
    assert trace.language == "python"
    assert errors(trace) == [("orders.errors.OrderNotFound", "no order A-17")]
    assert calls(trace) == ["orders/repository:load", "orders/views:inner"]
    assert len(elsewhere(trace)) == 2


def test_a_direct_cause_is_the_root_cause() -> None:
    trace = read("""
Traceback (most recent call last):
  File "/app/shop/prices.py", line 8, in price
    return PRICES[item]
KeyError: 'apple'

The above exception was the direct cause of the following exception:

Traceback (most recent call last):
  File "/app/shop/cart.py", line 31, in total
    raise CannotPrice(item) from error
shop.errors.CannotPrice: apple
""")
    assert errors(trace) == [("shop.errors.CannotPrice", "apple"), ("KeyError", "'apple'")]
    assert calls(trace) == ["shop/prices:price", "shop/cart:total"]


def test_what_was_being_handled_is_not_the_cause() -> None:
    trace = read("""
Traceback (most recent call last):
  File "/app/shop/cache.py", line 8, in get
    return self._kept[key]
KeyError: 'apple'

During handling of the above exception, another exception occurred:

Traceback (most recent call last):
  File "/app/shop/db.py", line 31, in connect
    raise ConnectionError("refused")
ConnectionError: refused
""")
    assert errors(trace) == [("ConnectionError", "refused")]
    assert calls(trace) == ["shop/db:connect"]


def test_the_first_error_of_a_group_is_its_cause() -> None:
    trace = read("""
  + Exception Group Traceback (most recent call last):
  |   File "/app/main.py", line 5, in main
  |     async with asyncio.TaskGroup() as group:
  | ExceptionGroup: unhandled errors in a TaskGroup (2 sub-exceptions)
  +-+---------------- 1 ----------------
    | Traceback (most recent call last):
    |   File "/app/worker.py", line 22, in fetch
    |     raise TimeoutError("slow")
    | TimeoutError: slow
    +---------------- 2 ----------------
    | Traceback (most recent call last):
    |   File "/app/worker.py", line 30, in store
    |     raise OSError("full")
    | OSError: full
    +------------------------------------
""")
    assert [name for name, _ in errors(trace)] == ["ExceptionGroup", "TimeoutError"]
    assert calls(trace) == ["worker:fetch", "main:main"]


def test_a_failure_as_pytest_prints_it_has_the_same_frames() -> None:
    long = read("""
    def test_total():
>       assert total(["apple"]) == 4

tests/test_cart.py:12:\x20
_ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _

items = ['apple']

    def total(items):
>       return PRICES[items[0]]
E       KeyError: 'apple'

shop/cart.py:8: KeyError
""")
    short = read("""
tests/test_cart.py:12: in test_total
    assert total(["apple"]) == 4
shop/cart.py:8: in total
    return PRICES[items[0]]
E   KeyError: 'apple'
""")
    assert calls(long) == calls(short) == ["shop/cart:total", "tests/test_cart:test_total"]
    assert errors(long) == errors(short) == [("KeyError", "'apple'")]


def test_a_syntax_error_is_in_the_file_it_is_in() -> None:
    trace = read("""
Traceback (most recent call last):
  File "/app/main.py", line 3, in <module>
    import cart
  File "/app/shop/cart.py", line 12
    def total(self
             ^
SyntaxError: '(' was never closed
""")
    assert calls(trace) == ["shop/cart:<module>", "main:<module>"]


def test_a_notebook_names_the_functions_it_calls() -> None:
    trace = read("""
KeyError                                  Traceback (most recent call last)
Cell In[3], line 1
----> 1 total(["apple"])

File ~/shop/shop/cart.py:8, in total(items)
      7 def total(items):
----> 8     return PRICES[items[0]]

KeyError: 'apple'
""")
    assert calls(trace) == ["shop/cart:total"]
    assert errors(trace) == [("KeyError", "'apple'")]


def test_a_comprehension_is_its_function_whether_or_not_it_is_a_call_of_its_own() -> None:
    trace = read("""
Traceback (most recent call last):
  File "/app/shop/cart.py", line 7, in total
    return sum([price(item) for item in items])
  File "/app/shop/cart.py", line 7, in <listcomp>
    return sum([price(item) for item in items])
KeyError: 'apple'
""")
    assert calls(trace) == ["shop/cart:total"]


def test_endless_recursion_is_written_once() -> None:
    frame = '  File "/app/tree.py", line 14, in depth\n    return 1 + depth(node.next)\n'
    trace = read(f"""
Traceback (most recent call last):
  File "/app/main.py", line 3, in main
    depth(root)
{frame * 3}  [Previous line repeated 993 more times]
RecursionError: maximum recursion depth exceeded
""")
    assert calls(trace) == ["tree:depth", "main:main"]
