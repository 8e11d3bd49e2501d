"""The picture of the architecture: it tells what the template says, and leaves nothing out."""

from collections.abc import Callable, Iterator
from copy import deepcopy
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from tools.architecture import picture
from tools.architecture.canvas import Box, Canvas
from tools.architecture.system import MAIL, System, Use, read
from tools.template import template


@pytest.fixture
def changed() -> Callable[..., System]:
    """The system of the template with more resources, or others, in it."""

    def change(**resources: Any) -> System:
        document = deepcopy(template())
        for name, resource in resources.items():
            if resource is None:
                del document["Resources"][name]
            else:
                document["Resources"][name] = resource
        return read(document)

    return change


def function(folder: str, **properties: Any) -> dict[str, Any]:
    code = {"CodeUri": f"functions/{folder}/do_it", **properties}
    return {"Type": "AWS::Serverless::Function", "Properties": code}


def asked(path: str) -> dict[str, Any]:
    return {"Request": {"Type": "HttpApi", "Properties": {"Method": "GET", "Path": path}}}


def allowed(action: str, resource: str) -> list[Any]:
    return [{"Statement": {"Effect": "Allow", "Action": action, "Resource": resource}}]


def elements(svg: str, name: str) -> Iterator[ET.Element]:
    return ET.fromstring(svg).iter(f"{{http://www.w3.org/2000/svg}}{name}")  # noqa: S314 - our own


def words(svg: str) -> list[str]:
    return [each.text or "" for each in elements(svg, "text")]


def test_every_function_is_in_the_picture_of_the_template() -> None:
    system = read()
    told = " ".join(each.text or "" for each in elements(picture.draw(system), "title"))
    assert [name for name in system.functions if name not in told] == []


def test_it_counts_what_there_is() -> None:
    system = read()
    shown = words(picture.draw(system))
    routes = [route for each in system.functions.values() for route in each.routes]
    assert f"{len(set(routes))} routes" in shown
    assert "6 functions, 5 write" in shown


def test_a_function_more_is_counted_with_those_of_its_folder(
    changed: Callable[..., System],
) -> None:
    more = function(
        "marketplace", Events=asked("/orders"), Policies=allowed("dynamodb:PutItem", "Table.Arn")
    )
    assert "7 functions, 6 write" in words(picture.draw(changed(MarketplaceListOrders=more)))


def test_permissions_tell_who_reads_writes_decrypts_mails_and_sends() -> None:
    functions = read().functions
    assert (Use.READ, "Table") in functions["MarketplaceGetOrder"].uses
    assert not functions["MarketplaceGetOrder"].does(Use.WRITE)
    assert (Use.WRITE, "Table") in functions["MarketplacePayOrder"].uses
    assert functions["BrickLinkSendDriveThru"].uses >= {
        (Use.MAIL, MAIL),
        (Use.DECRYPT, "SecretsKey"),
    }
    assert (Use.SEND, "Deliveries") in functions["PublishEvents"].uses


def test_events_tell_who_is_fed_by_the_stream_and_by_queues() -> None:
    system = read()
    fed = {name for name, each in system.functions.items() if "Table" in each.streams_from}
    assert fed == {"PublishEvents", "LayMilestones"}
    assert system.functions["DeliverWebhook"].polls == {"Deliveries"}
    assert system.functions["PublishEvents"].fails_to == {"UnpublishedEvents"}
    assert system.queues["Deliveries"].dead_letters == {"DeadDeliveries"}


def test_machines_are_drawn_with_the_functions_that_they_call(
    changed: Callable[..., System],
) -> None:
    machines = read().machines
    assert {tuple(sorted(each.calls)) for each in machines.values()} == {("CloseDue", "FindDue")}
    daily = deepcopy(template()["Resources"]["RefundWindow"])
    daily["Properties"]["Events"]["Schedule"]["Properties"]["ScheduleExpression"] = "rate(1 day)"
    assert "every day" in words(picture.draw(changed(RefundWindow=daily)))


@pytest.mark.parametrize(
    "resource",
    [
        {"Type": "AWS::ElastiCache::CacheCluster", "Properties": {}},
        {"Type": "AWS::SQS::Queue", "Properties": {}},
        function("sixth_api", Events=asked("/sixth")),
        function("streams"),
    ],
    ids=["of an unknown type", "a queue", "of an unknown api", "that nothing calls"],
)
def test_what_no_box_takes_is_refused_by_its_name(
    resource: dict[str, Any], changed: Callable[..., System]
) -> None:
    with pytest.raises(ValueError, match="Stranger"):
        picture.draw(changed(Stranger=resource))


def test_what_is_gone_is_not_shown(changed: Callable[..., System]) -> None:
    with pytest.raises(ValueError, match="DeadDeliveries"):
        picture.draw(changed(DeadDeliveries=None))


def test_an_event_or_a_permission_of_an_unknown_kind_is_refused(
    changed: Callable[..., System],
) -> None:
    timer = {"Every": {"Type": "Schedule", "Properties": {}}}
    with pytest.raises(ValueError, match="Schedule"):
        changed(Stranger=function("streams", Events=timer))
    with pytest.raises(ValueError, match="s3:GetObject"):
        changed(Stranger=function("streams", Policies=allowed("s3:GetObject", "*")))


def test_words_that_do_not_fit_their_box_are_refused() -> None:
    canvas = Canvas(200, 100)
    canvas.box(Box(0, 0, 100, 50), "code", "Short", ("enough",))
    with pytest.raises(ValueError, match="LongerThanItsBox"):
        canvas.box(Box(0, 0, 100, 50), "code", "LongerThanItsBox")


def test_no_two_boxes_overlap() -> None:
    rectangles = [
        Box(*(int(each.attrib[side]) for side in ("x", "y", "width", "height")))
        for each in elements(picture.draw(read()), "rect")
        if each.get("class") not in ("paper", "chip")
    ]
    for number, one in enumerate(rectangles):
        for other in rectangles[:number]:
            beside = one.right <= other.x or other.right <= one.x
            assert beside or one.bottom <= other.y or other.bottom <= one.y
