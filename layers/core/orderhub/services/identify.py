"""Who stands behind a request: the person of its credential, and the company they act for."""

from orderhub.domain.errors import Unidentified
from orderhub.domain.people import Salesperson, User
from orderhub.domain.shop import Principal

from .desk import Desk


def identify_user(desk: Desk, principal: Principal) -> User:
    """The user whose credential it is; one read.

    Raises :class:`Unidentified` (``user_unknown``) for credentials of nobody in particular, and
    of users that are gone.
    """
    if principal.user_id is None:
        raise Unidentified(Unidentified.USER_UNKNOWN)
    user = desk.people.user(principal.shop.id, principal.user_id)
    if user is None:
        raise Unidentified(Unidentified.USER_UNKNOWN)
    return user


def identify_salesperson(desk: Desk, principal: Principal, *, selling: bool = False) -> Salesperson:
    """The user and their current company, of which they must be a member; three reads.

    With ``selling`` they must also have the right to sell there. Raises :class:`Unidentified`
    with the first reason that holds: ``user_unknown``, ``no_company_selected``,
    ``company_unknown``, ``not_a_member``, ``may_not_sell``.
    """
    user = identify_user(desk, principal)
    if user.current_company_id is None:
        raise Unidentified(Unidentified.NO_COMPANY_SELECTED)
    company = desk.people.company(user.shop_id, user.current_company_id)
    if company is None:
        raise Unidentified(Unidentified.COMPANY_UNKNOWN)
    membership = desk.people.membership(user.shop_id, company.id, user.id)
    if membership is None:
        raise Unidentified(Unidentified.NOT_A_MEMBER)
    if selling and not membership.may_sell:
        raise Unidentified(Unidentified.MAY_NOT_SELL)
    return Salesperson(user, company, membership)
