from tests.learning.reading import calls, elsewhere, errors, read


def test_a_backtrace_is_read_without_hashes_generics_and_closures() -> None:
    trace = read("""
thread 'main' panicked at src/cart.rs:42:9:
index out of bounds: the len is 3 but the index is 5
stack backtrace:
   0: rust_begin_unwind
             at /rustc/9fc6b43126469e3858e2fe86cafb4f0fd5068869/library/std/src/panicking.rs:665:5
   1: core::panicking::panic_bounds_check
   2: <shop::cart::Cart as core::ops::index::Index<usize>>::index
             at ./src/cart.rs:42:9
   3: shop::cart::Cart<T>::total::{{closure}}
             at ./src/cart.rs:12:3
   4: shop::main::h0123456789abcdef
             at ./src/main.rs:7:5
   5: tokio::runtime::task::core::Core<T,S>::poll
             at /home/me/.cargo/registry/src/index.crates.io-6f17/tokio-1.36.0/src/core.rs:328:17
note: Some details are omitted, run with `RUST_BACKTRACE=full` for a verbose backtrace.
""")
    assert trace.language == "rust"
    assert errors(trace) == [("panic", "index out of bounds: the len is 3 but the index is 5")]
    assert calls(trace) == ["shop::cart::Cart:index", "shop::cart::Cart:total", "shop:main"]
    assert elsewhere(trace)[-1] == "tokio::runtime::task::core::Core"


def test_the_causes_of_an_error_are_its_chain() -> None:
    trace = read("""
Error: failed to start

Caused by:
    0: could not read /etc/shop.toml
    1: No such file or directory (os error 2)

Stack backtrace:
   0: anyhow::error::<impl anyhow::Error>::msg
             at /home/me/.cargo/registry/src/index.crates.io-6f17/anyhow-1.0.80/src/error.rs:83:36
   1: shop::config::load
             at ./src/config.rs:14:9
""")
    assert [message for _, message in errors(trace)] == [
        "failed to start",
        "could not read /etc/shop.toml",
        "No such file or directory (os error 2)",
    ]
    assert calls(trace) == ["shop::config:load"]


def test_without_a_backtrace_a_panic_still_has_its_place_and_its_test() -> None:
    new = read("""
thread 'cart::tests::adds_up' panicked at src/cart.rs:61:9:
assertion `left == right` failed
  left: 3
 right: 4
""")
    old = read("""
thread 'cart::tests::adds_up' panicked at 'assertion failed: `(left == right)`
  left: `3`,
 right: `4`', src/cart.rs:61:9
""")
    assert calls(new) == calls(old) == ["cart:adds_up"]
    assert errors(new) == [("panic", "assertion `left == right` failed")]
