"""Users, companies and their members in the single table.

Read strongly consistent: an operator who lets somebody in, or shuts them out, sees it hold at once.
"""

from collections.abc import Sequence
from typing import TypeVar

from orderhub.domain.people import Company, Membership, User

from . import items, keys
from .client import DynamoDBClient, query, translated
from .codec import decode
from .directory import company_entry, company_entry_key, delete_listed, put_listed, user_entry

_T = TypeVar("_T")


class DynamoPeople:
    """:class:`orderhub.ports.PeopleRepository` over one table."""

    def __init__(self, client: DynamoDBClient, table: str) -> None:
        self._client = client
        self._table = table

    def user(self, shop_id: str, user_id: int) -> User | None:
        return self._get(keys.user(shop_id, user_id), keys.USER_ITEM, User)

    def put_user(self, user: User) -> None:
        item = items.document(keys.user(user.shop_id, user.id), keys.USER_ITEM, user)
        put_listed(self._client, self._table, item, user_entry(user))

    def company(self, shop_id: str, company_id: int) -> Company | None:
        return self._get(keys.company(shop_id, company_id), keys.COMPANY_ITEM, Company)

    def put_company(self, company: Company) -> None:
        pk = keys.company(company.shop_id, company.id)
        item = items.document(pk, keys.COMPANY_ITEM, company)
        put_listed(self._client, self._table, item, company_entry(company))

    def remove_company(self, shop_id: str, company_id: int) -> None:
        delete_listed(
            self._client,
            self._table,
            (keys.company(shop_id, company_id), keys.COMPANY_ITEM),
            company_entry_key(shop_id, company_id),
        )

    def membership(self, shop_id: str, company_id: int, user_id: int) -> Membership | None:
        return self._get(keys.company(shop_id, company_id), keys.member(user_id), Membership)

    def members(self, shop_id: str, company_id: int) -> Sequence[Membership]:
        pk = keys.company(shop_id, company_id)
        found = query(self._client, self._table, pk, keys.MEMBER_PREFIX)
        return [decode(items.body_of(item), Membership) for item in found]

    def put_membership(self, shop_id: str, membership: Membership) -> None:
        pk = keys.company(shop_id, membership.company_id)
        self._put(pk, keys.member(membership.user_id), membership)

    def remove_membership(self, shop_id: str, company_id: int, user_id: int) -> None:
        self._delete(keys.company(shop_id, company_id), keys.member(user_id))

    def _get(self, pk: str, sk: str, kind: type[_T]) -> _T | None:
        with translated():
            answer = self._client.get_item(
                TableName=self._table,
                Key={"pk": {"S": pk}, "sk": {"S": sk}},
                ConsistentRead=True,
            )
        item = answer.get("Item")
        return decode(items.body_of(item), kind) if item else None

    def _put(self, pk: str, sk: str, value: object) -> None:
        with translated():
            self._client.put_item(TableName=self._table, Item=items.document(pk, sk, value))

    def _delete(self, pk: str, sk: str) -> None:
        with translated():
            self._client.delete_item(TableName=self._table, Key={"pk": {"S": pk}, "sk": {"S": sk}})
