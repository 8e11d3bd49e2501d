"""Where everything stands in the picture, and the rules by which resources belong to its boxes.

Boxes have their places here; what they say, who is in them and every arrow come from the template.
A resource that no rule takes is an error, so that the picture can't leave anything out.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from tools.architecture.canvas import Box, Canvas
from tools.architecture.system import Function, Machine, System, Use

_CALLERS: Final[Mapping[str, tuple[str, tuple[str, ...], str]]] = {
    "marketplace": ("marketplace", ("marketplaces",), "/orders"),
    "brandcloud": ("BrandCloud", ("tills and", "consumers' apps"), "/user, /order, /transaction"),
    "shoplazza": ("Shoplazza", ("merchants'", "systems"), "/openapi"),
    "youhaosuda": ("Youhaosuda", ("shop systems", "and their apps"), "/v1, /oauth2"),
    "bricklink": ("BrickLink", ("sellers' systems",), "/api/store/v1"),
    "checkout": ("pages for buyers", ("buyers' browsers",), "/checkout, /pay"),
    "payment_webhooks": (
        "payment webhooks",
        ("Stripe, PayPal,", "Alipay, WeChat Pay"),
        "/webhooks/payments",
    ),
}
"""Folder of functions that the gateway calls → its name, who calls it, and where. From the top."""

_PLACES: Final[Mapping[str, Box]] = {
    "PublishEvents": Box(672, 56, 134, 54),
    "UnpublishedEvents": Box(838, 56, 106, 54),
    "Deliveries": Box(672, 150, 134, 54),
    "DeadDeliveries": Box(838, 150, 106, 54),
    "DeliverWebhook": Box(672, 244, 134, 54),
    "LayMilestones": Box(672, 338, 134, 54),
    "FindDue": Box(412, 556, 92, 40),
    "CloseDue": Box(412, 606, 92, 40),
}
"""Of functions that no request calls, and of queues, by name."""
_WORDS: Final[Mapping[str, tuple[str, Sequence[str]]]] = {
    "PublishEvents": ("PublishEvents", ("who is to be told",)),
    "UnpublishedEvents": ("SQS", ("unpublished", "events")),
    "Deliveries": ("SQS", ("deliveries",)),
    "DeadDeliveries": ("SQS", ("dead", "deliveries")),
    "DeliverWebhook": ("DeliverWebhook", ("signs and sends",)),
    "LayMilestones": ("LayMilestones", ("counts, search",)),
    "FindDue": ("FindDue", ()),
    "CloseDue": ("CloseDue", ()),
}

_SUBSCRIBERS: Final = Box(838, 244, 106, 54)
_GATEWAY: Final = Box(172, 56, 100, 452)
_ROWS_LEFT: Final = 300
_TABLE: Final = Box(540, 56, 96, 452)
_SCHEDULER: Final = Box(16, 556, 130, 90)
_MACHINES: Final = Box(216, 556, 150, 90)
_BESIDE_THEM: Final = Box(672, 432, 272, 76)
_WATCHED: Final = Box(672, 556, 272, 90)

_LAYERS: Final = ("Serverless::LayerVersion",)
_OPENLY: Final = ("Serverless::HttpApi", "ApiGatewayV2::DomainName", "ApiGatewayV2::ApiMapping")
_WATCH: Final = (
    "CloudWatch::Alarm",
    "CloudWatch::CompositeAlarm",
    "CloudWatch::Dashboard",
    "Logs::LogGroup",
    "Logs::MetricFilter",
    "Logs::QueryDefinition",
)
_BESIDE: Final = (
    "KMS::Key",
    "KMS::Alias",
    "Events::EventBus",
    "IAM::Role",
    "IAM::ManagedPolicy",
    "Route53::RecordSet",
    "CodeDeploy::Application",
    "CodeDeploy::DeploymentConfig",
)
"""What serves the boxes and needs none of its own."""
_DRAWN: Final = (
    "Serverless::Function",
    "Serverless::StateMachine",
    "SQS::Queue",
    "DynamoDB::Table",
    *_LAYERS,
    *_OPENLY,
    *_WATCH,
    *_BESIDE,
)


def draw(system: System) -> str:
    """The picture, as SVG.

    Raises:
        ValueError: a resource that no box takes, an arrow that no place is for, or words that
            don't fit.
    """
    _require_places(system)
    canvas = Canvas(960, 690)
    _headings(canvas)
    _requests(canvas, system)
    _events(canvas, system)
    _time(canvas, system)
    _beside(canvas, system)
    return canvas.svg(
        "OrderHub's architecture",
        f"{len(system.functions)} functions behind one API Gateway with {system.routes} routes,"
        " over one DynamoDB table. Its stream feeds the webhooks to subscribers; state machines,"
        " started by a schedule, close deadlines.",
    )


def _require_places(system: System) -> None:
    for name, kind in system.types.items():
        if kind.removeprefix("AWS::") not in _DRAWN:
            raise ValueError(f"The picture has no place for {name}, a {kind}")
    for each in system.functions.values():
        if not (each.folder in _CALLERS if each.routes else each.name in _PLACES):
            raise ValueError(f"The picture has no place for the function {each.name}")
    if missing := set(system.queues) - set(_PLACES):
        raise ValueError(f"The picture has no place for {', '.join(sorted(missing))}")
    if gone := set(_PLACES) - set(system.functions) - set(system.queues):
        raise ValueError(f"The picture shows what is gone: {', '.join(sorted(gone))}")
    if len(system.of("Table")) != 1:
        raise ValueError("The picture has a place for one table")


def _headings(canvas: Canvas) -> None:
    canvas.words(16, 34, "outside", bold=True)
    canvas.words(_GATEWAY.x, 34, "requests", bold=True)
    canvas.words(_ROWS_LEFT, 34, "one function for each operation", bold=True)
    canvas.words(_TABLE.x, 34, "orders", bold=True)
    canvas.words(_PLACES["PublishEvents"].x, 34, "what happened, told", bold=True)
    canvas.words(_BESIDE_THEM.x, 422, "what they use", bold=True)
    canvas.words(_SCHEDULER.x, 542, "what time brings", bold=True)
    canvas.words(_WATCHED.x, 542, "who watches", bold=True)
    canvas.words(
        16,
        674,
        "An arrow into the table writes, one out of it reads. Drawn from template.yaml by"
        " python -m tools.docs.",
    )


def _requests(canvas: Canvas, system: System) -> None:
    """Callers → the gateway → functions, by folder → the table."""
    canvas.tall(
        _GATEWAY,
        "gate",
        "API Gateway",
        ("HTTP API", f"{system.routes} routes"),
        "\n".join(sorted(route for each in system.functions.values() for route in each.routes)),
    )
    table = system.of("Table")[0]
    indexes = f"{system.indexes} indexes"
    canvas.tall(
        _TABLE,
        "store",
        "DynamoDB",
        ("one table,", indexes, "", "its stream is", "the outbox"),
        table,
    )
    pitch = (_GATEWAY.height + 12) // len(_CALLERS)
    for number, (folder, (title, who, path)) in enumerate(_CALLERS.items()):
        functions = [each for each in system.functions.values() if each.folder == folder]
        row = Box(_ROWS_LEFT, _GATEWAY.y + number * pitch, 204, pitch - 12)
        caller = Box(16, row.y, 128, row.height)
        canvas.outside(caller, who)
        canvas.arrow((caller.right, row.level), (_GATEWAY.x, row.level))
        canvas.arrow((_GATEWAY.right, row.level), (row.x, row.level))
        writing = sum(each.does(Use.WRITE) for each in functions)
        many = f"{len(functions)} function{'s'[: len(functions) != 1]}"
        does = "all write" if writing == len(functions) else f"{writing} write" if writing else ""
        lines = [
            ", ".join(part for part in (many, does if len(functions) > 1 else "") if part),
            path,
        ]
        canvas.box(row, "code", title, lines, tells=_names(functions), chips=_chips(functions))
        _to_table(canvas, functions, row)


def _to_table(canvas: Canvas, functions: Sequence[Function], place: Box) -> None:
    """Between a box on the table's left or right and the table: heads say who reads and writes."""
    reads = any(each.does(Use.READ) for each in functions)
    writes = any(each.does(Use.WRITE) for each in functions)
    start, end = place.right, _TABLE.x
    if place.x > _TABLE.x:
        start, end = place.x, _TABLE.right
    canvas.arrow((start, place.level), (end, place.level), back=reads, forth=writes)


def _chips(functions: Iterable[Function]) -> list[str]:
    """What they use beside the table."""
    wanted = (Use.DECRYPT, Use.MAIL, Use.PUBLISH)
    found = list(functions)
    return [use.value for use in wanted if any(each.does(use) for each in found)]


def _names(functions: Iterable[Function]) -> str:
    return ", ".join(sorted(each.name for each in functions))


def _events(canvas: Canvas, system: System) -> None:
    """The stream → who publishes → queues → who delivers → subscribers, and dead letters."""
    for name in system.queues:
        _box(canvas, name, "queue")
    for each in system.functions.values():
        if each.routes or each.folder == "workflows":
            continue
        place = _PLACES[each.name]
        _box(canvas, each.name, "code", chips=_chips([each]))
        if each.streams_from:
            _stream(canvas, each, place)
        elif each.does(Use.READ) or each.does(Use.WRITE):
            _to_table(canvas, [each], place)
        for queue in sorted(each.polls):
            again = (Use.SEND, queue) in each.uses
            _between(canvas, _PLACES[queue], place, label="", back=again)
        sent = {target for use, target in each.uses if use is Use.SEND} - each.polls
        for queue in sorted(sent | each.fails_to):
            label = "fails" if queue in each.fails_to else ""
            _between(canvas, place, _PLACES[queue], label=label)
    for each_queue in system.queues.values():
        for dead in sorted(each_queue.dead_letters):
            label = f"{each_queue.attempts} ×"
            _between(canvas, _PLACES[each_queue.name], _PLACES[dead], label=label)
    canvas.outside(_SUBSCRIBERS, ("subscribers",))
    _between(canvas, _PLACES["DeliverWebhook"], _SUBSCRIBERS, label="")


def _stream(canvas: Canvas, function: Function, place: Box) -> None:
    """From the table's stream; whoever also writes to the table has a line of its own for that."""
    up, down = (9, 9) if function.does(Use.WRITE) else (0, 0)
    fed = (_TABLE.right, place.level - up), (place.x, place.level - up)
    canvas.arrow(*fed)
    if down:
        written = (place.x, place.level + down), (_TABLE.right, place.level + down)
        canvas.arrow(*written, back=function.does(Use.READ))


def _between(canvas: Canvas, start: Box, end: Box, *, label: str, back: bool = False) -> None:
    """Straight, between neighbours in a row or in a column."""
    if start.y == end.y and start.right < end.x:
        canvas.arrow((start.right, start.level), (end.x, end.level), back=back, label=label)
    elif start.x == end.x and start.bottom < end.y:
        points = (start.middle, start.bottom), (end.middle, end.y)
        canvas.arrow(*points, back=back, label=label, at=(start.middle + 18, end.y - 14))
    else:
        raise ValueError(f"No arrow can be drawn from {start} to {end}")


def _box(canvas: Canvas, name: str, kind: str, chips: Sequence[str] = ()) -> None:
    title, lines = _WORDS[name]
    canvas.box(_PLACES[name], kind, title, lines, tells=name, chips=chips)


def _time(canvas: Canvas, system: System) -> None:
    """Schedules → state machines → the functions that they call → the table."""
    machines = list(system.machines.values())
    canvas.box(
        _SCHEDULER,
        "gate",
        "Scheduler",
        [_often(schedule) for each in machines for schedule in each.schedules],
    )
    canvas.box(_MACHINES, "gate", "Step Functions", [_plain(each) for each in machines])
    canvas.arrow((_SCHEDULER.right, _SCHEDULER.level), (_MACHINES.x, _SCHEDULER.level))
    called = sorted(
        set().union(*(each.calls for each in machines)), key=lambda name: _PLACES[name].y
    )
    for number, name in enumerate(called):
        function, place = system.functions[name], _PLACES[name]
        _box(canvas, name, "code", chips=_chips([function]))
        canvas.arrow((_MACHINES.right, place.level), (place.x, place.level))
        at = _TABLE.x + 20 + number * 28
        reads, writes = function.does(Use.READ), function.does(Use.WRITE)
        way = (place.right, place.level), (at, place.level), (at, _TABLE.bottom)
        canvas.arrow(*way, back=reads, forth=writes)


def _often(schedule: str) -> str:
    """``rate(10 minutes)`` → ``every 10 minutes``."""
    every = schedule.removeprefix("rate(").removesuffix(")")
    return f"every {every.removeprefix('1 ')}" if schedule.startswith("rate(") else schedule


def _plain(machine: Machine) -> str:
    """``PaymentTimeout`` → ``payment timeout``."""
    return "".join(f" {each.lower()}" if each.isupper() else each for each in machine.name).strip()


def _beside(canvas: Canvas, system: System) -> None:
    """What the chips mean, and who watches."""
    rows = (
        (Use.DECRYPT, "KMS, secrets"),
        (Use.MAIL, "SES, letters"),
        (Use.PUBLISH, "EventBridge, if wanted"),
    )
    for number, (use, text) in enumerate(rows):
        users = sum(each.does(use) for each in system.functions.values())
        y = _BESIDE_THEM.y + 4 + number * 25
        canvas.chip(_BESIDE_THEM.x, y, use.value)
        canvas.words(_BESIDE_THEM.x + 40, y + 11, f"{text}: {users} functions")
    alarms = len(system.of("Alarm")) + len(system.of("CompositeAlarm"))
    lines = [f"{alarms} alarms, {len(system.of('LogGroup'))} log groups"]
    if dashboards := len(system.of("Dashboard")):
        lines.append(f"{dashboards} dashboard{'s'[: dashboards != 1]}")
    layers = len(system.of("LayerVersion"))
    lines.append(f"over {len(system.functions)} functions on {layers} layers")
    canvas.box(_WATCHED, "gate", "CloudWatch", lines)
