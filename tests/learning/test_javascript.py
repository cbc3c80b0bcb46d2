from tests.learning.reading import calls, elsewhere, errors, read


def test_v8_names_functions_before_their_places() -> None:
    trace = read("""
TypeError: Cannot read properties of undefined (reading 'price')
    at Cart.total (/home/me/shop/src/cart/cart.ts:12:34)
    at Array.map (<anonymous>)
    at async Promise.all (index 0)
    at async Layer.handle [as handle_request] (/home/me/shop/node_modules/express/lib/layer.js:95:5)
    at new Checkout (file:///home/me/shop/src/checkout.js:4:1)
    at Object.<anonymous> (/home/me/shop/test/cart.test.ts:5:3)
    at process.processTicksAndRejections (node:internal/process/task_queues:95:5)
    at /home/me/shop/src/server.ts:9:1
""")
    assert trace.language == "javascript"
    assert errors(trace)[0][0] == "TypeError"
    assert calls(trace) == [
        "cart/cart:total",
        "checkout:Checkout",
        "test/cart.test:<anonymous>",
        "server:<anonymous>",
    ]
    assert elsewhere(trace) == ["native", "native", "express/layer", "process/task_queues"]


def test_the_cause_of_an_error_is_where_it_began() -> None:
    trace = read("""
Error: checkout failed
    at checkout (/app/src/checkout.js:9:11)
    at main (/app/src/main.js:3:3) {
  [cause]: RangeError: no such sku
      at price (/app/src/prices.js:2:9)
      at checkout (/app/src/checkout.js:7:5)
      at main (/app/src/main.js:3:3)
}
""")
    assert [name for name, _ in errors(trace)] == ["Error", "RangeError"]
    assert calls(trace) == ["prices:price", "checkout:checkout", "main:main"]


def test_firefox_and_safari_put_the_function_before_an_at_sign() -> None:
    trace = read("""
total@https://shop.example/assets/cart-BxYz12_k.js:12:34
async*checkout@https://shop.example/assets/cart-BxYz12_k.js:40:2
forEach@[native code]
@https://shop.example/start.js?v=17:1:1
""")
    assert trace.language == "javascript"
    assert calls(trace) == ["cart:total", "cart:checkout", "start:<anonymous>"]


def test_a_bundle_is_the_file_it_was_made_of_whatever_its_hash_and_its_host() -> None:
    places = (
        "https://cdn.example/static/js/main.4f5a6b7c.js",
        "https://shop.example/static/js/main.99aa00ff.chunk.js",
        "webpack-internal:///./src/main.js",
        "webpack://shop/./src/main.ts?ab12",
        "/home/me/shop/src/main.ts",
        "C:\\Users\\me\\source\\repos\\shop\\src\\main.ts",
    )
    for place in places:
        trace = read(f"TypeError: x\n    at show ({place}:10:2)")
        assert calls(trace) == ["main:show"], place


def test_test_runners_list_places_in_their_own_ways() -> None:
    vitest = read("""
 FAIL  src/queue/queue.test.ts > drains
Error: Test timed out in 5000ms.
 ❯ drain src/queue/queue.ts:7:9
 ❯ src/queue/queue.test.ts:12:5
""")
    jest = read("""
  ● cart › adds up

    expect(received).toBe(expected) // Object.is equality

      at Object.toBe (test/cart.test.ts:13:26)
      at Promise.then.completed (node_modules/jest-circus/build/utils.js:298:28)
""")
    assert calls(vitest) == ["queue/queue:drain", "queue/queue.test:<anonymous>"]
    assert calls(jest) == ["test/cart.test:toBe"]
