"""Shopify: customers both ways; orders with their lines and refunds, products and variants are read."""

from vaiven_sdk import Account, CreateKey, RequestRefused, Scope, Session, Window
from vaiven_sdk.read import graphql_error
from vaiven_sdk.webhooks import signatures

from . import _writes
from ._account import Settings, served, shopify
from ._catalogue import VARIANT_LISTS, Product, Variant
from ._custom import fields_of
from ._customers import NAMESPACE, TYPES, Customer
from ._graphql import PATH, refusals, selection
from ._orders import LINE_LISTS, REFUND, Line, Order, Refund
from ._reads import LAG, bulk, changed, changed_within, children, fit, known, refunds_of
from ._webhooks import hints

__all__ = ["customers", "order_lines", "orders", "products", "refunds", "shopify", "variants"]

ORDERS = [
    Scope("read_orders", "read orders, what was in them and what was given back"),
    Scope("read_all_orders", "read orders older than 60 days; Shopify must allow the app to ask for it"),
]
PRODUCTS = [Scope("read_products", "read what is sold")]


def _customer(window: Window) -> str:
    """With the fields that the account's owner has added."""
    return selection([*Customer.paths(), *window.fields])


def _order(_: Window) -> str:
    return selection(Order.paths())


def _line(_: Window) -> str:
    return selection(Line.paths(), LINE_LISTS)


def _refunds(_: Window) -> str:
    return f"id updatedAt test customer {{ id }} refunds {{ {REFUND} }}"


def _product(_: Window) -> str:
    return selection(Product.paths())


def _variant(_: Window) -> str:
    return selection(Variant.paths(), VARIANT_LISTS)


customers = shopify.stream(
    Customer,
    bulk("customers", _customer),
    changes=changed("customers", _customer),
    create_key=CreateKey.EXTERNAL_ID,
    lag=LAG,
    scopes=[
        Scope("write_customers", "create and change people, their tags, scores and consent", write=True),
        Scope("write_customer_data_erasure", "have a person who asks for it forgotten", write=True),
    ],
)
orders = shopify.stream(Order, bulk("orders", _order), changes=changed("orders", _order), lag=LAG, scopes=ORDERS)
order_lines = shopify.stream(
    Line,
    bulk("orders", lambda window: f"id lineItems {{ edges {{ node {{ {_line(window)} }} }} }}"),
    name="order_lines",
    changes=changed_within("orders", "order", "lineItems", _line),
    lag=LAG,
    scopes=ORDERS,
)
refunds = shopify.stream(
    Refund, bulk("orders", _refunds), changes=changed("orders", _refunds, most=50), lag=LAG, scopes=ORDERS
)
products = shopify.stream(
    Product, bulk("products", _product), changes=changed("products", _product), lag=LAG, scopes=PRODUCTS
)
variants = shopify.stream(
    Variant,
    bulk("productVariants", _variant),
    changes=changed_within("products", "product", "variants", _variant),
    lag=LAG,
    scopes=[*PRODUCTS, Scope("read_inventory", "read what a variant costs the shop")],
)

for stream in shopify.streams.values():
    stream.before_request(fit)
customers.after_page(known)
order_lines.after_page(children)
refunds.after_page(refunds_of)

customers.create(batch=10, needs=["email"], consent=None)(_writes.create)
customers.update(batch=10)(_writes.update)
customers.delete(batch=10)(_writes.delete)
customers.find(batch=50)(_writes.find)
customers.erase(
    batch=10,
    note="Shopify deletes at once whoever has not ordered. Of the others it erases what is personal by itself, days or"
    " months after their last order; it tells other apps of the shop to do the same.",
)(_writes.erase)
customers.custom_fields(fields_of)


@shopify.account
async def account(hub: Session[Settings]) -> Account:
    """The shop; its own domain at Shopify is what webhooks call it by."""
    query = {"query": "query shop { shop { name myshopifyDomain } }", "variables": {}}
    answer = await hub.request("POST", PATH, json=query, safe=True, check=lambda a: graphql_error(a) or served(a))
    shop = answer.json()["data"]["shop"]
    return Account(shop["myshopifyDomain"], shop["name"])


DEFINE = (
    "mutation define($definition: MetafieldDefinitionInput!) { metafieldDefinitionCreate(definition: $definition)"
    " { createdDefinition { id } userErrors { code field message } } }"
)


@shopify.prepare
async def prepare(hub: Session[Settings]) -> None:
    """Define our metafields of customers: the type `id` makes the hub's id unique, and staff see what a score is."""
    for key, kind in TYPES.items():
        name = f"Vaiven {key.replace('_', ' ')}"
        definition = {"namespace": NAMESPACE, "key": key, "name": name, "type": kind, "ownerType": "CUSTOMER"}
        data = await hub.graphql(DEFINE, {"definition": definition}, path=PATH, safe=True)
        made = data.get("metafieldDefinitionCreate")
        for code, sentence in refusals(made):
            if code != "taken":
                raise RequestRefused("Shopify refused to define a metafield.", why=sentence, body=made)


shopify.webhook(signatures.shopify())(hints)
