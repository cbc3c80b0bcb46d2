from tests.learning.reading import calls, elsewhere, errors, read


def test_blocks_are_the_methods_they_stand_in() -> None:
    trace = read("""
/app/app/models/cart.rb:12:in `price': undefined method `cents' for nil:NilClass (NoMethodError)
	from /app/app/models/cart.rb:7:in `block (2 levels) in total'
	from /usr/local/bundle/gems/activesupport-7.1.2/lib/active_support/callbacks.rb:3:in `each'
	from /app/config/application.rb:4:in `<class:Application>'
	from bin/shop:4:in `<main>'
""")
    assert trace.language == "ruby"
    assert errors(trace) == [("NoMethodError", "undefined method `cents' for nil:NilClass")]
    assert calls(trace) == [
        "models/cart:price",
        "models/cart:total",
        "config/application:Application",
    ]
    assert elsewhere(trace) == ["active_support/callbacks", "bin/shop"]


def test_since_3_4_methods_have_their_classes_and_mean_the_same() -> None:
    old = read("app/cart.rb:1:in `price': no (KeyError)\n\tfrom app/cart.rb:2:in `block in total'")
    new = read(
        "app/cart.rb:1:in 'Shop::Cart#price': no (KeyError)\n"
        "\tfrom app/cart.rb:2:in 'block in Shop::Cart.total'"
    )
    assert calls(new) == calls(old) == ["cart:price", "cart:total"]


def test_a_trace_whose_most_recent_call_is_last_is_turned_round() -> None:
    trace = read("""
Traceback (most recent call last):
	2: from main.rb:9:in `<main>'
	1: from app/cart.rb:5:in `total'
app/prices.rb:3:in `fetch': key not found: :apple (KeyError)
""")
    assert errors(trace) == [("KeyError", "key not found: :apple")]
    assert calls(trace) == ["prices:fetch", "cart:total", "main:main"]


def test_an_error_of_rspec_has_its_type_in_a_line_of_its_own() -> None:
    trace = read("""
  1) Cart totals its lines
     Failure/Error: price.cents * count

     NoMethodError:
       undefined method `cents' for nil:NilClass
     # ./app/models/cart.rb:12:in `amount'
     # ./spec/models/cart_spec.rb:8:in `block (3 levels) in <top (required)>'
     # /usr/local/bundle/gems/rspec-core-3.12.2/lib/rspec/core/example.rb:263:in `instance_exec'
     # ------------------
     # --- Caused by: ---
     # KeyError:
     #   key not found
     #   ./app/models/prices.rb:3:in `fetch'
""")
    assert errors(trace) == [
        ("NoMethodError", "undefined method `cents' for nil:NilClass"),
        ("KeyError", "key not found"),
    ]
    assert calls(trace) == ["models/prices:fetch", "models/cart:amount", "models/cart_spec:main"]


def test_rails_logs_the_error_in_a_line_and_then_the_places() -> None:
    trace = read("""
ActiveRecord::RecordNotFound (Couldn't find Order with 'id'=17):

/usr/local/bundle/gems/activerecord-7.1.2/lib/active_record/core.rb:253:in `find'
app/controllers/orders_controller.rb:12:in `cancel'
""")
    assert errors(trace) == [("ActiveRecord::RecordNotFound", "Couldn't find Order with 'id'=17")]
    assert calls(trace) == ["controllers/orders_controller:cancel"]
