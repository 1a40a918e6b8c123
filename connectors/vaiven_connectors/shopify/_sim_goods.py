"""Products and their variants."""

# ruff: noqa: ARG001 - a resolver takes what GraphQL gives it

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from vaiven_connectors.shopify._sim_graph import Json, bad_request, desk, kind_of, resolves
from vaiven_connectors.shopify._sim_lists import count, listing
from vaiven_connectors.shopify._sim_search import Getter
from vaiven_connectors.shopify._sim_shop import money, number_of

if TYPE_CHECKING:
    from vaiven_connectors.shopify._sim_shop import Shop

PRODUCT_FIELDS: dict[str, Getter] = {
    "": lambda row: row["title"],
    "id": lambda row: number_of(row["id"]),
    "title": lambda row: row["title"],
    "handle": lambda row: row["handle"],
    "vendor": lambda row: row["vendor"],
    "product_type": lambda row: row["productType"],
    "status": lambda row: row["status"],
    "tag": lambda row: row["tags"],
    "created_at": lambda row: row["createdAt"],
    "published_at": lambda row: row["publishedAt"],
    "updated_at": lambda row: row["updatedAt"],
}
VARIANT_FIELDS: dict[str, Getter] = {
    "": lambda row: row["title"],
    "id": lambda row: number_of(row["id"]),
    "sku": lambda row: row["sku"],
    "barcode": lambda row: row["barcode"],
    "title": lambda row: row["title"],
    "product_id": lambda row: number_of(row["productId"]),
    "inventory_quantity": lambda row: row["inventoryQuantity"],
    "updated_at": lambda row: row["updatedAt"],
}


def stock(shop: Shop, given: Mapping[str, Any]) -> Json:
    """The staff adds a product with its variants: `{"title", "vendor", "variants": [{"title", "sku", "price"}]}`."""
    title = given["title"]
    handle = re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")
    if shop.products.by("handle", handle):
        handle = f"{handle}-{len(shop.products)}"
    product = shop.products.add(
        {
            "title": title,
            "handle": handle,
            "descriptionHtml": given.get("description", ""),
            "vendor": given.get("vendor", "Vaiven"),
            "productType": given.get("type", ""),
            "status": given.get("status", "ACTIVE"),
            "tags": list(given.get("tags", ())),
            "publishedAt": shop.now(),
            "templateSuffix": None,
        }
    )
    for at, one in enumerate(given.get("variants") or [{}], 1):
        shop.variants.add(
            {
                "productId": product["id"],
                "title": one.get("title", "Default Title"),
                "sku": one.get("sku"),
                "barcode": one.get("barcode"),
                "price": f"{Decimal(str(one.get('price', '10.00'))):.2f}",
                "compareAtPrice": one.get("compare_at"),
                "position": at,
                "inventoryQuantity": one.get("stock", 10),
                "cost": one.get("cost"),
            }
        )
    return product


def reprice(shop: Shop, gid: str, values: Mapping[str, Any]) -> Json:
    """Change a variant, and with it the product's own stamp."""
    made = shop.variants.change(gid, values)
    shop.touch(shop.products, made["productId"])
    return made


def discontinue(shop: Shop, gid: str) -> None:
    """Delete a product with its variants."""
    gone = [entry.row["id"] for entry in shop.variants.select(productId=gid)]
    for variant in gone:
        shop.variants.remove(variant)
    shop.products.remove(gid)
    shop.forget([gid, *gone])


def _variants(row: Json, info: Any) -> list[Json]:
    return [entry.row for entry in desk(info).shop.variants.select(productId=row["id"])]


@resolves("QueryRoot.products")
def products(row: Json, info: Any, **arguments: Any) -> Json:
    """The shop's products, drafts and archived ones too."""
    here = desk(info)
    return listing(here, here.shop.products, PRODUCT_FIELDS, arguments, "products")


@resolves("QueryRoot.productsCount")
def products_count(row: Json, info: Any, **arguments: Any) -> Json:
    """How many there are."""
    return count(desk(info).shop.products, PRODUCT_FIELDS, arguments)


@resolves("QueryRoot.product", "QueryRoot.productVariant")
def product(row: Json, info: Any, id: str) -> Json | None:  # noqa: A002 - the vendor's name
    """One product, or one variant."""
    wanted = "Product" if info.field_name == "product" else "ProductVariant"
    if kind_of(id) != wanted:
        raise bad_request(f"Invalid global id '{id}'")
    return desk(info).shop.find(id)


@resolves("QueryRoot.productByIdentifier")
def product_by_identifier(row: Json, info: Any, identifier: Json) -> Json | None:
    """One product by id or handle."""
    kept = desk(info).shop.products
    return kept.find(identifier["id"]) if identifier.get("id") else kept.by("handle", identifier.get("handle"))


@resolves("QueryRoot.productVariants")
def variants(row: Json, info: Any, **arguments: Any) -> Json:
    """Every variant of every product."""
    here = desk(info)
    return listing(here, here.shop.variants, VARIANT_FIELDS, arguments, "productVariants")


@resolves("QueryRoot.productVariantsCount")
def variants_count(row: Json, info: Any, **arguments: Any) -> Json:
    """How many there are."""
    return count(desk(info).shop.variants, VARIANT_FIELDS, arguments)


@resolves("Product.variants")
def variants_of(row: Json, info: Any, **arguments: Any) -> Json:
    """The product's variants."""
    here = desk(info)
    return listing(here, here.shop.variants, VARIANT_FIELDS, arguments, "variants", productId=row["id"])


@resolves("Product.variantsCount")
def variants_of_count(row: Json, info: Any) -> Json:
    """How many it has."""
    return {"count": len(_variants(row, info)), "precision": "EXACT"}


@resolves("Product.totalInventory")
def inventory(row: Json, info: Any) -> int:
    """What is there of all variants."""
    return sum(one["inventoryQuantity"] for one in _variants(row, info))


@resolves("Product.priceRangeV2")
def prices(row: Json, info: Any) -> Json:
    """The lowest and the highest price."""
    found = [Decimal(one["price"]) for one in _variants(row, info)] or [Decimal(0)]
    return {"minVariantPrice": money(min(found)), "maxVariantPrice": money(max(found))}


@resolves("Product.options")
def options(row: Json, info: Any, first: int | None = None) -> list[Json]:
    """One option, the title."""
    values = [one["title"] for one in _variants(row, info)]
    gid = f"gid://shopify/ProductOption/{number_of(row['id'])}"
    return [{"id": gid, "name": "Title", "position": 1, "values": values}]


@resolves("Product.description")
def description(row: Json, info: Any, truncateAt: int | None = None) -> str:  # noqa: N803
    """Without its tags."""
    return re.sub(r"<[^>]+>", "", row["descriptionHtml"])[:truncateAt]


@resolves("Product.hasOnlyDefaultVariant")
def only_default(row: Json, info: Any) -> bool:
    """Whether nothing can be chosen."""
    return [one["title"] for one in _variants(row, info)] == ["Default Title"]


@resolves("Product.requiresSellingPlan")
def requires_selling_plan(row: Json, info: Any) -> bool:
    """No product here is sold by subscription alone."""
    return bool(row.get("requiresSellingPlan"))


@resolves("Product.isGiftCard")
def gift_card(row: Json, info: Any) -> bool:
    """Not here."""
    return False


@resolves("Product.tracksInventory", "ProductVariant.taxable")
def always(row: Json, info: Any) -> bool:
    """So it is with everything here."""
    return True


@resolves("Product.onlineStoreUrl")
def store_url(row: Json, info: Any) -> str | None:
    """Where it is sold; drafts are not."""
    return f"https://{desk(info).shop.domain}/products/{row['handle']}" if row["status"] == "ACTIVE" else None


@resolves("Product.onlineStorePreviewUrl")
def preview_url(row: Json, info: Any) -> str:
    """Where the staff sees it."""
    return f"https://{desk(info).shop.domain}/products/{row['handle']}?preview=1"


@resolves("Product.seo")
def seo(row: Json, info: Any) -> Json:
    """Nothing of its own."""
    return {"title": None, "description": None}


@resolves("ProductVariant.product")
def product_of_variant(row: Json, info: Any) -> Json:
    """What it is a variant of."""
    return desk(info).shop.products.get(row["productId"])


@resolves("ProductVariant.displayName")
def variant_name(row: Json, info: Any) -> str:
    """The product's title and its own."""
    return f"{product_of_variant(row, info)['title']} - {row['title']}"


@resolves("ProductVariant.selectedOptions")
def selected(row: Json, info: Any) -> list[Json]:
    """What was chosen."""
    return [{"name": "Title", "value": row["title"]}]


@resolves("ProductVariant.inventoryPolicy")
def policy(row: Json, info: Any) -> str:
    """What is not there cannot be bought."""
    return "DENY"


@resolves("ProductVariant.availableForSale")
def available(row: Json, info: Any) -> bool:
    """Whether there is one."""
    return bool(row["inventoryQuantity"] > 0)


@resolves("ProductVariant.sellableOnlineQuantity")
def sellable(row: Json, info: Any) -> int:
    """How many there are."""
    return int(row["inventoryQuantity"])


@resolves("ProductVariant.inventoryItem")
def item(row: Json, info: Any) -> Json:
    """The thing on the shelf."""
    cost = row["cost"]
    return {
        "id": f"gid://shopify/InventoryItem/{number_of(row['id'])}",
        "sku": row["sku"],
        "tracked": True,
        "requiresShipping": True,
        "unitCost": None if cost is None else money(cost),
        "createdAt": row["createdAt"],
        "updatedAt": row["updatedAt"],
    }
