"""User lists: the audiences of the account; those of Customer Match can be filled (see `_audiences`)."""

from vaiven_sdk import Record, derive, wire
from vaiven_sdk.model import List

from ._account import google_ads
from ._gaql import Gaql

FIELDS = """SELECT user_list.id, user_list.name, user_list.description, user_list.type,
 user_list.size_for_display FROM user_list"""


class UserList(Record[List], key="id"):
    """A list of people to show ads to; who is on it Google tells nobody."""

    id: str = wire("userList.id", read_only=True)
    name: str | None = wire("userList.name", to="name", read_only=True)
    description: str | None = wire("userList.description", to="description", read_only=True)
    size: int | None = wire("userList.sizeForDisplay", to="size", read_only=True)

    @derive("type")
    def kind(self) -> str:
        """Whatever its rule, it is for ads."""
        return "ad_audience"


# A list that is removed is no longer shown: each read is a complete one.
user_lists = google_ads.stream(UserList, Gaql(f"{FIELDS} ORDER BY user_list.id"))
