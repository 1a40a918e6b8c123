"""Products and their variants (types Product and ProductVariant of admin_2026-10)."""

from __future__ import annotations

from decimal import Decimal
from typing import ClassVar

from pydantic import AwareDatetime, BaseModel

from vaiven_sdk import Record, derive, wire
from vaiven_sdk.model import Product as UnifiedProduct

from ._money import minor_of

STATUS = {"ACTIVE": "active", "DRAFT": "draft", "ARCHIVED": "archived"}
"""ProductStatus; UNLISTED, on sale for whoever has the link, has no like."""


class Product(Record[UnifiedProduct], key="id", cursor="updated_at"):
    """What is sold, of whatever size or colour; its price and its stock number are its variants'."""

    id: str = wire(read_only=True)
    title: str | None = wire("title", to="name", read_only=True)
    description: str | None = wire("description", to="description", read_only=True)
    status: str | None = wire("status", to="status", values=STATUS, read_only=True)
    vendor: str | None = wire("vendor", to="vendor", read_only=True)
    type: str | None = wire("productType", to="category", read_only=True)
    url: str | None = wire("onlineStoreUrl", to="url", read_only=True)
    image: str | None = wire("featuredMedia.preview.image.url", to="image_url", read_only=True)
    inventory: int | None = wire("totalInventory", to="inventory", read_only=True)
    tags: list[str] | None = wire("tags", to="tags", read_only=True)
    subscription: bool | None = wire("requiresSellingPlan", to="is_recurring", read_only=True)
    updated_at: AwareDatetime = wire("updatedAt", read_only=True)


class Option(BaseModel):
    """One thing that sets a variant apart."""

    name: str
    value: str


VARIANT_LISTS = {"selectedOptions": "name value"}


class Variant(Record[UnifiedProduct], key="id", cursor="updated_at"):
    """What is put in the basket; every product has one at least."""

    id: str = wire(read_only=True)
    product: str | None = wire("product.id", to="parent_id", ref="products", read_only=True)
    name: str | None = wire("displayName", to="name", read_only=True)
    status: str | None = wire("product.status", to="status", values=STATUS, read_only=True)
    vendor: str | None = wire("product.vendor", to="vendor", read_only=True)
    sku: str | None = wire("sku", to="sku", read_only=True)
    barcode: str | None = wire("barcode", read_only=True)
    price: Decimal | None = wire("price", read_only=True)
    cost: Decimal | None = wire("inventoryItem.unitCost.amount", read_only=True)
    # `price` is a bare number in the shop's currency, which the product's range of prices names.
    currency: str | None = wire("product.priceRangeV2.minVariantPrice.currencyCode", to="currency", read_only=True)
    inventory: int | None = wire("inventoryQuantity", to="inventory", read_only=True)
    selected: list[Option] | None = wire("selectedOptions", read_only=True)
    updated_at: AwareDatetime = wire("updatedAt", read_only=True)

    price_minor: ClassVar = derive("price_minor")(minor_of("price"))
    cost_minor: ClassVar = derive("cost_minor")(minor_of("cost"))

    @derive("gtin")
    def gtin(self) -> str | None:
        """A barcode that is a trade number; shops write others there, too."""
        code = (self.barcode or "").strip()
        return code if code.isascii() and code.isdecimal() and 8 <= len(code) <= 14 else None

    @derive("options")
    def options(self) -> dict[str, str] | None:
        """`{"Size": "M"}`; the product that has one variant only has none."""
        found = {one.name: one.value for one in self.selected or ()}
        return None if found == {"Title": "Default Title"} else found or None
