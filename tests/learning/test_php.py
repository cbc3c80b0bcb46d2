from tests.learning.reading import calls, elsewhere, errors, read


def test_each_place_belongs_to_the_function_named_before_it() -> None:
    trace = read(r"""
PHP Fatal error:  Uncaught TypeError: not of type string in /var/www/shop/src/Cart.php:12
Stack trace:
#0 /var/www/shop/src/Checkout.php(34): App\Cart->add(NULL, 2)
#1 [internal function]: App\Checkout->App\{closure}('a')
#2 /var/www/shop/vendor/laravel/framework/src/Pipeline.php(4): array_map(Object(Closure), Array)
#3 /var/www/shop/public/index.php(9): Illuminate\Pipeline\Pipeline->send()
#4 {main}
  thrown in /var/www/shop/src/Cart.php on line 12
""")
    assert trace.language == "php"
    assert errors(trace) == [("TypeError", "not of type string")]
    assert calls(trace) == [r"App\Cart:add", r"App\Checkout:{closure}", "public/index:{main}"]
    assert elsewhere(trace) == ["[internal function]", r"Illuminate\Pipeline\Pipeline"]


def test_a_function_of_php_raises_where_it_is_called() -> None:
    trace = read(r"""
PHP Fatal error:  Uncaught JsonException: Syntax error in /app/src/Client.php:58
Stack trace:
#0 /app/src/Client.php(58): json_decode('<html>...', true, 512, 4194304)
#1 /app/bin/rates(7): App\Client->get('/rates')
#2 {main}
""")
    assert calls(trace)[0] == r"App\Client:get"


def test_the_error_that_was_raised_first_is_printed_first_and_is_the_root_cause() -> None:
    trace = read(r"""
PHP Fatal error:  Uncaught PDOException: Connection refused in /app/src/Db.php:31
Stack trace:
#0 /app/src/Repository.php(12): App\Db->open()
#1 {main}

Next App\Unavailable: database is away in /app/src/Repository.php:15
Stack trace:
#0 /app/src/Home.php(5): App\Repository->newest()
#1 {main}
  thrown in /app/src/Repository.php on line 15
""")
    assert errors(trace) == [
        (r"App\Unavailable", "database is away"),
        ("PDOException", "Connection refused"),
    ]
    assert calls(trace)[0] == r"App\Db:open"


def test_laravel_logs_an_error_as_text_within_json() -> None:
    trace = read(r"""
[2024-06-01] production.ERROR: {"exception":"[object] (Error(code: 0): No name at /app/Mail.php:12)
[stacktrace]
#0 /app/vendor/laravel/framework/src/Container.php(36): App\Mail\Welcome->build()
#1 /app/artisan(7): Illuminate\Foundation\Console\Kernel->handle()
#2 {main}
"}
""")
    assert errors(trace) == [("Error", "No name")]
    assert calls(trace)[0] == r"App\Mail\Welcome:build"


def test_pest_numbers_the_places_and_phpunit_does_not() -> None:
    trace = read(r"""
   FAIL  Tests\Unit\CartTest
  Failed asserting that 3 is identical to 4.

  at tests/Unit/CartTest.php:12
      10▕     expect(total())->toBe(4);

  1   vendor/pestphp/pest/src/Mixins/Expectation.php:42
  2   tests/Unit/CartTest.php:12
""")
    assert calls(trace) == ["Unit/CartTest:", "Unit/CartTest:"]


def test_a_warning_has_its_place_in_its_own_line() -> None:
    trace = read("PHP Warning:  Undefined variable $total in /app/src/Cart.php on line 12")
    assert errors(trace) == [("Warning", "Undefined variable $total")]
    assert calls(trace) == ["Cart:"]


def test_phpunit_lists_places_and_names_the_test() -> None:
    trace = read(r"""
There was 1 failure:

1) Tests\CartTest::testTotal
Failed asserting that 3 matches expected 4.

/app/vendor/phpunit/phpunit/src/Framework/Constraint/IsEqual.php:12
/app/tests/CartTest.php:21
""")
    assert calls(trace) == [r"Tests\CartTest:testTotal"]
