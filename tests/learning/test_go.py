from tests.learning.reading import calls, elsewhere, errors, read

PANIC = """
panic: runtime error: index out of range [5] with length 3 [recovered]
	panic: runtime error: index out of range [5] with length 3

goroutine 7 [running]:
testing.tRunner.func1()
	/usr/local/go/src/testing/testing.go:1548 +0x397
panic({0x51c0e0?, 0xc0000b6000?})
	/usr/local/go/src/runtime/panic.go:914 +0x21f
github.com/acme/shop/v2/cart.(*Cart).Item(0xc000012345, 0x5)
	/home/me/shop/cart/cart.go:42 +0x1d
github.com/acme/shop/v2/pool.Map[...](...)
	/home/me/shop/pool/pool.go:9
main.run.func1.2()
	/home/me/shop/main.go:12 +0x25
github.com/gorilla/mux.(*Router).ServeHTTP(0xc0000d6000, {0x7f5e38, 0xc0000e4000}, 0xc0000f4000)
	/go/pkg/mod/github.com/gorilla/mux@v1.8.0/mux.go:210 +0x1cf
net/http.HandlerFunc.ServeHTTP(0xc0000b6000?, {0x7f?, 0xc?}, 0x1)
	/usr/local/go/src/net/http/server.go:2136 +0x29
created by main.run in goroutine 1
	/home/me/shop/main.go:11 +0x85

goroutine 18 [chan receive]:
main.idle()
	/home/me/shop/idle.go:1 +0x1
exit status 2
"""


def test_a_panic_is_read_from_the_goroutine_it_happened_in() -> None:
    trace = read(PANIC)
    assert trace.language == "go"
    assert errors(trace) == [("panic", "runtime error: index out of range [5] with length 3")]
    assert calls(trace) == [
        "github.com/acme/shop/cart:Cart.Item",
        "github.com/acme/shop/pool:Map",
        "main:run",
        "main:run",
    ]


def test_the_standard_library_and_modules_are_not_the_application() -> None:
    assert elsewhere(read(PANIC)) == [
        "testing", "panic", "github.com/gorilla/mux", "net/http",
    ]  # fmt: skip


def test_files_may_be_trimmed_of_their_roots() -> None:
    trace = read("""
panic: no

goroutine 1 [running]:
github.com/acme/shop/cart.Total()
	github.com/acme/shop/cart/cart.go:4 +0x1d
github.com/gorilla/mux.(*Router).ServeHTTP(0xc0000d6000)
	github.com/gorilla/mux@v1.8.0/mux.go:210 +0x1cf
net/http.HandlerFunc.ServeHTTP(0x1)
	net/http/server.go:2136 +0x29
""")
    assert calls(trace) == ["github.com/acme/shop/cart:Total"]


def test_errors_that_carry_a_stack_are_read_too() -> None:
    trace = read("""
open /etc/agent.toml: no such file or directory
read config
github.com/acme/agent/config.Load
	/app/config/config.go:14
main.main
	/app/main.go:5
runtime.main
	/usr/local/go/src/runtime/proc.go:250
""")
    assert calls(trace) == ["github.com/acme/agent/config:Load", "main:main"]


def test_a_server_that_survives_a_panic_logs_it_in_a_line() -> None:
    trace = read("""
2024/05/01 10:00:00 http: panic serving 10.0.0.7:51234: assignment to entry in nil map
goroutine 34 [running]:
net/http.(*conn).serve.func1()
	/usr/local/go/src/net/http/server.go:1868 +0xb9
main.(*server).remember(...)
	/app/server.go:31
""")
    assert errors(trace) == [("panic", "assignment to entry in nil map")]
    assert calls(trace) == ["main:server.remember"]


def test_testify_gives_the_reason_in_a_line_of_its_own() -> None:
    trace = read("""
=== RUN   TestCreate
    create_test.go:41:\x20
        \tError Trace:	/home/me/shop/internal/api/create_test.go:41
        \tError:      	Not equal:
        \tTest:       	TestCreate
--- FAIL: TestCreate (0.00s)
""")
    assert errors(trace) == [("FAIL", "Not equal:")]
    assert calls(trace) == ["create_test:TestCreate"]


def test_a_failing_test_is_its_function_whichever_case_of_it_failed() -> None:
    trace = read("""
--- FAIL: TestTotal (0.00s)
    --- FAIL: TestTotal/empty (0.00s)
        cart_test.go:19: Total() = 3, want 4
FAIL
FAIL	github.com/acme/shop/cart	0.004s
""")
    assert errors(trace) == [("FAIL", "Total() = 3, want 4")]
    assert calls(trace) == ["cart_test:TestTotal"]
