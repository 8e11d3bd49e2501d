"""Who stands behind a request, and what an operator does for people and companies."""

from collections.abc import Callable

import pytest

from orderhub.domain.details import Address
from orderhub.domain.errors import InvalidField, NotFound, Unidentified
from orderhub.domain.people import User
from orderhub.domain.shop import Principal, Scope, Shop
from orderhub.services import manage_people, manage_shops
from orderhub.services.authenticate import Authenticator
from orderhub.services.identify import identify_salesperson, identify_user
from tests.support.fakes import NOON, FakeDesk, FakeShops

SHOP = Shop(id="demo", name="Demo", currency="CNY", created_at=NOON)


class Office(FakeDesk):
    """A shop with a user, QQ Wang, who has chosen company A and may sell there."""

    def __init__(self) -> None:
        super().__init__()
        self.shops = FakeShops()
        self.shops.put(SHOP)
        self.put_user(11)
        self.put_company(1, "AAAA")
        self.join(1, 11)
        self.select(1, 11)

    def put_user(self, user_id: int, **changes: object) -> User:
        given: dict[str, object] = {
            "given_name": "QQ",
            "family_name": "Wang",
            "email": "qq@shop.example",
        }
        return manage_people.put_user(
            self.shops,
            self.people,
            "demo",
            user_id=user_id,
            **(given | changes),  # type: ignore[arg-type]
        )

    def put_company(self, company_id: int, code: str, **changes: object) -> None:
        manage_people.put_company(
            self.shops,
            self.people,
            "demo",
            company_id=company_id,
            code=code,
            **({"name": f"Company {code}"} | changes),  # type: ignore[arg-type]
        )

    def join(self, company_id: int, user_id: int, *, may_sell: bool = True) -> None:
        manage_people.add_member(
            self.shops,
            self.people,
            "demo",
            company_id=company_id,
            user_id=user_id,
            may_sell=may_sell,
        )

    def part(self, company_id: int, user_id: int) -> None:
        manage_people.remove_member(
            self.shops, self.people, "demo", company_id=company_id, user_id=user_id
        )

    def select(self, company_id: int, user_id: int) -> None:
        manage_people.select_company(
            self.shops, self.people, "demo", company_id=company_id, user_id=user_id
        )

    def remove(self, company_id: int) -> None:
        manage_people.remove_company(self.shops, self.people, "demo", company_id)

    def principal(self, user_id: int | None = 11, shop: Shop = SHOP) -> Principal:
        return Principal(shop, "cred", "label", frozenset(Scope), user_id)

    def stranger(self, user_id: int | None = 11, *, selling: bool = False) -> str:
        """Why a request of this user is refused."""
        with pytest.raises(Unidentified) as refused:
            identify_salesperson(self.desk, self.principal(user_id), selling=selling)
        return refused.value.reason


@pytest.fixture
def office() -> Office:
    return Office()


# -- who it is -------------------------------------------------------------------------------------


def test_a_salesperson_is_a_user_who_acts_for_their_company(office: Office) -> None:
    found = identify_salesperson(office.desk, office.principal(), selling=True)

    assert (found.user.id, found.user.full_name) == (11, "QQ Wang")
    assert (found.company.id, found.company.code) == (1, "AAAA")
    assert found.membership.may_sell


@pytest.mark.parametrize("user_id", [None, 12])
def test_a_credential_of_nobody_identifies_nobody(office: Office, user_id: int | None) -> None:
    assert office.stranger(user_id) == Unidentified.USER_UNKNOWN
    with pytest.raises(Unidentified) as refused:
        identify_user(office.desk, office.principal(user_id))
    assert refused.value.reason == Unidentified.USER_UNKNOWN


def test_users_of_one_shop_are_nobody_in_another(office: Office) -> None:
    other = Shop(id="other", name="Other", currency="CNY", created_at=NOON)
    with pytest.raises(Unidentified):
        identify_user(office.desk, office.principal(11, other))


def test_each_reason_why_somebody_is_no_salesperson_is_told_apart(office: Office) -> None:
    office.put_user(12)
    assert office.stranger(12) == Unidentified.NO_COMPANY_SELECTED

    office.join(1, 12)
    assert office.stranger(12) == Unidentified.NO_COMPANY_SELECTED, "a member must still choose"

    office.select(1, 12)
    office.part(1, 12)
    assert office.stranger(12) == Unidentified.NOT_A_MEMBER

    office.remove(1)
    assert office.stranger(12) == Unidentified.COMPANY_UNKNOWN


def test_who_may_not_sell_is_refused_where_selling_is_needed_and_only_there(
    office: Office,
) -> None:
    office.join(1, 11, may_sell=False)

    assert office.stranger(selling=True) == Unidentified.MAY_NOT_SELL
    assert not identify_salesperson(office.desk, office.principal()).membership.may_sell


def test_a_consumer_needs_no_company(office: Office) -> None:
    office.put_user(12, given_name="CC")
    assert identify_user(office.desk, office.principal(12)).given_name == "CC"


def test_a_credential_issued_to_a_user_is_theirs(office: Office) -> None:
    user = manage_people.require_user(office.people, "demo", 11)
    issued = [
        manage_shops.issue_credential(
            office.shops, office.clock, "demo", wire="brandcloud", label="app", user=owner
        )
        for owner in (user, None)
    ]
    authenticator = Authenticator(office.shops, office.clock)
    principals = [
        authenticator.authenticate("brandcloud", one.token, Scope.READ_ORDERS) for one in issued
    ]
    assert [one.credential.user_id for one in issued] == [11, None]
    assert [principal.user_id for principal in principals] == [11, None]
    assert identify_user(office.desk, principals[0]) == user


# -- what an operator does -------------------------------------------------------------------------


def test_putting_a_user_again_keeps_the_company_they_chose(office: Office) -> None:
    user = office.put_user(11, given_name="Q.", title=1, phone="0912")

    assert (user.given_name, user.title, user.current_company_id) == ("Q.", 1, 1)
    assert office.people.user("demo", 11) == user


def test_an_address_that_says_nothing_is_none(office: Office) -> None:
    assert office.put_user(12, default_address=Address()).default_address is None
    address = Address(line1="ABC st.")
    assert office.put_user(12, default_address=address).default_address == address


def test_putting_a_company_again_keeps_its_members(office: Office) -> None:
    office.put_company(1, "BBBB", cover_images={"px240": "https://a.example/240.png"})

    found = identify_salesperson(office.desk, office.principal())
    assert found.company.code == "BBBB"
    assert found.company.cover_images == {"px240": "https://a.example/240.png"}


def test_a_company_that_comes_back_has_its_members(office: Office) -> None:
    office.remove(1)
    office.put_company(1, "AAAA")
    assert identify_salesperson(office.desk, office.principal()).company.id == 1


def test_members_are_listed_by_id(office: Office) -> None:
    for user_id in (30, 2):
        office.put_user(user_id)
        office.join(1, user_id, may_sell=False)
    listed = manage_people.list_members(office.shops, office.people, "demo", 1)
    assert [(one.user_id, one.may_sell) for one in listed] == [(2, False), (11, True), (30, False)]


@pytest.mark.parametrize(
    ("field", "bad"),
    [
        ("given_name", {"given_name": " "}),
        ("family_name", {"family_name": "x" * 201}),
        ("email", {"email": "nobody"}),
        ("email", {"email": "@shop.example"}),
        ("email", {"email": "a b@shop.example"}),
        ("email", {"email": "a@b.example\r\nBcc: all@b.example"}),
        ("email", {"email": f"{'a' * 250}@b.example"}),
        ("title", {"title": 2}),
        ("phone", {"phone": "1" * 201}),
        ("line1", {"default_address": Address(line1="x" * 201)}),
    ],
)
def test_a_user_that_can_not_be_shown_or_written_to_is_refused(
    office: Office, field: str, bad: dict[str, object]
) -> None:
    with pytest.raises(InvalidField) as refused:
        office.put_user(12, **bad)
    assert refused.value.field == field
    assert office.people.user("demo", 12) is None


@pytest.mark.parametrize("code", ["", "AAA", "AAAAA", "aaaa", "AA-A", "ÄÄÄÄ", "٤٤٤٤"])
def test_a_code_is_four_capitals_or_digits(office: Office, code: str) -> None:
    with pytest.raises(InvalidField) as refused:
        office.put_company(2, code)
    assert refused.value.field == "code"
    assert office.people.company("demo", 2) is None


@pytest.mark.parametrize(
    "images", [{"px100": "https://a.example/x.png"}, {"px240": "javascript:alert(1)"}]
)
def test_pictures_have_known_sizes_and_can_be_loaded(
    office: Office, images: dict[str, str]
) -> None:
    with pytest.raises(InvalidField):
        office.put_company(2, "BBBB", cover_images=images)


@pytest.mark.parametrize("identifier", [0, -1, 2**53])
def test_ids_are_numbers_that_json_can_hold(office: Office, identifier: int) -> None:
    with pytest.raises(InvalidField):
        office.put_user(identifier)
    with pytest.raises(InvalidField):
        office.put_company(identifier, "BBBB")


@pytest.mark.parametrize(
    ("attempt", "missing"),
    [
        (lambda office: office.join(9, 11), "company"),
        (lambda office: office.join(1, 99), "user"),
        (lambda office: office.part(1, 99), "membership"),
        (lambda office: office.part(9, 11), "membership"),
        (lambda office: office.select(9, 11), "company"),
        (lambda office: office.select(1, 99), "user"),
        (lambda office: office.remove(9), "company"),
    ],
)
def test_only_what_exists_can_be_joined_or_parted(
    office: Office, attempt: Callable[[Office], None], missing: str
) -> None:
    with pytest.raises(NotFound) as refused:
        attempt(office)
    assert refused.value.kind == missing


def test_a_company_is_chosen_by_its_members_only(office: Office) -> None:
    office.put_user(12)
    with pytest.raises(NotFound) as refused:
        office.select(1, 12)
    assert refused.value.kind == "membership"
    user = office.people.user("demo", 12)
    assert user is not None
    assert user.current_company_id is None
