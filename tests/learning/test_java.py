from tests.learning.reading import calls, elsewhere, errors, read


def test_the_frames_are_classes_and_methods_and_the_runner_is_not_the_application() -> None:
    trace = read("""
java.lang.IllegalStateException: no stock for A-17
	at java.base/java.util.Objects.requireNonNull(Objects.java:233)
	at com.acme.shop.Warehouse.reserve(Warehouse.java:41)
	at com.acme.shop.Warehouse.<init>(Warehouse.java:12)
	at app//com.acme.shop.WarehouseTest.reservesOnce(WarehouseTest.java:27)
	at java.base/jdk.internal.reflect.NativeMethodAccessorImpl.invoke0(Native Method)
	at org.junit.runners.ParentRunner.run(ParentRunner.java:413)
	at org.gradle.api.internal.tasks.testing.worker.TestWorker.execute(TestWorker.java:119)
""")
    assert trace.language == "java"
    assert errors(trace) == [("java.lang.IllegalStateException", "no stock for A-17")]
    assert calls(trace) == [
        "com.acme.shop.Warehouse:reserve",
        "com.acme.shop.Warehouse:<init>",
        "com.acme.shop.WarehouseTest:reservesOnce",
    ]
    assert elsewhere(trace)[0] == "java.util.Objects"


def test_the_root_cause_comes_first_and_calls_it_shares_are_taken_once() -> None:
    trace = read("""
com.acme.OrderFailed: order 17
	at com.acme.Orders.place(Orders.java:10)
	at com.acme.Main.main(Main.java:3)
Caused by: java.io.IOException: disk full
	at com.acme.Journal.append(Journal.java:5)
	at com.acme.Orders.place(Orders.java:8)
	... 1 more
""")
    assert errors(trace) == [
        ("com.acme.OrderFailed", "order 17"),
        ("java.io.IOException", "disk full"),
    ]
    assert calls(trace) == [
        "com.acme.Journal:append",
        "com.acme.Orders:place",
        "com.acme.Main:main",
    ]


def test_a_chain_that_is_printed_root_cause_first_reads_the_same() -> None:
    trace = read("""
java.io.IOException: disk full
	at com.acme.Journal.append(Journal.java:5)
	... 1 common frames omitted
Wrapped by: com.acme.OrderFailed: order 17
	at com.acme.Orders.place(Orders.java:10)
""")
    assert [name for name, _ in errors(trace)] == ["com.acme.OrderFailed", "java.io.IOException"]
    assert calls(trace) == ["com.acme.Journal:append", "com.acme.Orders:place"]


def test_what_was_suppressed_is_no_part_of_the_chain() -> None:
    trace = read("""
java.lang.RuntimeException: failed
	at com.acme.Copy.run(Copy.java:9)
	Suppressed: java.io.IOException: on close
		at com.acme.Out.close(Out.java:3)
	Caused by: java.io.EOFException
		at com.acme.Out.flush(Out.java:4)
Caused by: java.net.SocketException: reset
	at com.acme.In.read(In.java:4)
""")
    assert [name for name, _ in errors(trace)] == [
        "java.lang.RuntimeException",
        "java.net.SocketException",
    ]
    assert calls(trace) == ["com.acme.In:read", "com.acme.Copy:run"]


def test_names_that_compilers_and_proxies_make_are_those_of_the_source() -> None:
    trace = read("""
java.lang.NullPointerException
	at com.acme.Cart.lambda$total$3(Cart.java:9)
	at com.acme.Cart$1.apply(Cart.java:8)
	at com.acme.Cart.access$000(Cart.java:3)
	at com.acme.Cart$$Lambda$14/0x0000000800c03000.apply(Unknown Source)
	at com.acme.Shop$$EnhancerBySpringCGLIB$$1a2b3c.open(<generated>)
	at com.acme.Shop$Till.ring(Shop.java:5)
	at jdk.proxy2/jdk.proxy2.$Proxy12.open(Unknown Source)
	at jdk.internal.reflect.GeneratedMethodAccessor41.invoke(Unknown Source)
""")
    assert calls(trace) == [
        "com.acme.Cart:total",
        "com.acme.Cart:apply",
        "com.acme.Shop:open",
        "com.acme.Shop$Till:ring",
    ]
    assert elsewhere(trace)[-1] == "jdk.internal.reflect.GeneratedMethodAccessor"


def test_kotlin_and_scala_are_read_as_their_sources_have_it() -> None:
    trace = read("""
Exception in thread "main" java.lang.IllegalStateException: boom
	at com.acme.CartKt.total(Cart.kt:12)
	at com.acme.Orders$place$2.invokeSuspend(Orders.kt:31)
	at kotlin.coroutines.jvm.internal.BaseContinuationImpl.resumeWith(ContinuationImpl.kt:33)
	at com.acme.Orders.place$default(Orders.kt:9)
	at com.acme.CartTest.returns 404 when missing(CartTest.kt:22)
	at com.acme.Stock$.$anonfun$count$1(Stock.scala:3)
	at scala.collection.immutable.List.foreach(List.scala:431)
""")
    assert errors(trace) == [("java.lang.IllegalStateException", "boom")]
    assert calls(trace) == [
        "com.acme.CartKt:total",
        "com.acme.Orders:place",
        "com.acme.Orders:place",
        "com.acme.CartTest:returns 404 when missing",
        "com.acme.Stock:count",
    ]


def test_a_message_of_several_lines_ends_where_the_frames_begin() -> None:
    trace = read("""
junit.framework.ComparisonFailure: usage expected:<a
b> but was:<c
>
	at com.acme.HelpTest.prints(HelpTest.java:9)
""")
    assert errors(trace) == [
        ("junit.framework.ComparisonFailure", "usage expected:<a\nb> but was:<c\n>")
    ]
