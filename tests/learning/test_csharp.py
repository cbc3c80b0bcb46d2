from tests.learning.reading import calls, elsewhere, errors, read


def test_async_methods_lambdas_and_generics_are_named_as_in_the_source() -> None:
    trace = read(r"""
System.InvalidOperationException: Sequence contains no elements
   at System.Linq.ThrowHelper.ThrowNoElementsException()
   at Shop.Pricing.PriceList.<>c__DisplayClass3_0.<Price>b__0(String sku) in /src/Pricing.cs:line 31
   at Shop.Pricing.PriceList.<PriceAsync>d__5.MoveNext() in C:\src\PriceList.cs:line 8
--- End of stack trace from previous location ---
   at Shop.Orders.Repo`1.Load[T](T id)
   at Shop.Orders.OrderService..ctor(Int32 id) in /src/OrderService.cs:line 12
   at Shop.Program.<<Main>$>g__Run|0_1() in /src/Program.cs:line 3
   at Shop.Program.<Main>$(String[] args) in /src/Program.cs:line 1
   at Microsoft.AspNetCore.Hosting.WebHost.Run(IHost host)
""")
    assert trace.language == "csharp"
    assert errors(trace) == [("System.InvalidOperationException", "Sequence contains no elements")]
    assert calls(trace) == [
        "Shop.Pricing.PriceList:Price",
        "Shop.Pricing.PriceList:PriceAsync",
        "Shop.Orders.Repo:Load",
        "Shop.Orders.OrderService:.ctor",
        "Shop.Program:Main",
    ]
    assert elsewhere(trace) == ["System.Linq.ThrowHelper", "Microsoft.AspNetCore.Hosting.WebHost"]


def test_inner_exceptions_are_the_chain() -> None:
    trace = read("""
Shop.OrderFailed: order 17
 ---> Shop.PricingFailed: no price
 ---> System.Collections.Generic.KeyNotFoundException: The given key 'A' was not present.
   at System.Collections.Generic.Dictionary`2.get_Item(TKey key)
   at Shop.Prices.Get(String sku) in /src/Prices.cs:line 8
   --- End of inner exception stack trace ---
   at Shop.Pricing.Price(String sku) in /src/Pricing.cs:line 9
   --- End of inner exception stack trace ---
   at Shop.Orders.Place(Int32 id) in /src/Orders.cs:line 10
""")
    assert errors(trace) == [
        ("Shop.OrderFailed", "order 17"),
        ("Shop.PricingFailed", "no price"),
        (
            "System.Collections.Generic.KeyNotFoundException",
            "The given key 'A' was not present.",
        ),
    ]
    assert calls(trace) == ["Shop.Prices:Get", "Shop.Pricing:Price", "Shop.Orders:Place"]


def test_the_test_runner_is_not_the_application() -> None:
    trace = read("""
  Error Message:
   Assert.Equal() Failure: Values differ
  Stack Trace:
     at Shop.Tests.CartTests.Adds_up() in /src/CartTests.cs:line 21
   at Xunit.Sdk.TestInvoker`1.CallTestMethod(Object testClassInstance)
   at System.RuntimeMethodHandle.InvokeMethod(Object target, Void** arguments, Signature sig)
""")
    assert calls(trace) == ["Shop.Tests.CartTests:Adds_up"]
