"""The event log of a process: read back as the formats say, the same courses in each, and nothing that its reader may
not see."""

import datetime as dt
import io
import json
import sqlite3
from xml.etree import ElementTree

import jsonschema
import pytest
from lxml import etree

from models import catalogue
from models.kernel.base import clock
from models.kernel.base.people import SYSTEM
from models.kernel.gate import changes
from models.kernel.rights import rights
from models.services.process import event_log

BASE = "/admin/process/quotation/log/"
ARGS = {"from": "2025-03-01", "to": "2025-03-31"}
XES = "{http://www.xes-standard.org/}"
KINDS = {"string", "time", "integer", "float", "boolean"}


def rows_of(required="", **columns):
    """A schema of a list of objects; with these texts, lists and moments."""
    moment = {"type": "string", "format": "date-time"}
    properties = {name: moment if name == "time" else kind or {"type": "string"} for name, kind in columns.items()}
    return {
        "type": "array",
        "items": {"type": "object", "properties": properties, "required": required.split() or [*columns]},
    }


# What the schema of OCEL 2.0 asks of a log in JSON (Berti et al. 2023): values are texts.
LINKS = rows_of(objectId=None, qualifier=None)
TYPES = rows_of(name=None, attributes=rows_of(name=None, type=None))
OCEL = {
    "type": "object",
    "required": ["eventTypes", "objectTypes", "events", "objects"],
    "properties": {
        "eventTypes": TYPES,
        "objectTypes": TYPES,
        "events": rows_of(
            "id type time", id=None, type=None, time=None, attributes=rows_of(name=None, value=None),
            relationships=LINKS,
        ),
        "objects": rows_of(
            "id type", id=None, type=None, attributes=rows_of(name=None, value=None, time=None), relationships=LINKS
        ),
    },
}  # fmt: skip


def _of_kinds(**kinds):
    row = '<xs:element name="{}"><xs:complexType><xs:group ref="own"/><xs:attribute name="key" type="xs:Name"'
    row += ' use="required"/><xs:attribute name="value" type="xs:{}" use="required"/></xs:complexType></xs:element>'
    return "".join(row.format(name, kind) for name, kind in kinds.items())


def _named(element, of, **attributes):
    row = '<xs:attribute name="{}" type="xs:{}" use="required"/>'
    own = "".join(row.format(key, kind) for key, kind in attributes.items())
    head = f'<xs:element name="{element}" minOccurs="0" maxOccurs="unbounded">'
    return f"{head}<xs:complexType>{of}{own}</xs:complexType></xs:element>"


# What the schema of XES (IEEE 1849-2016) asks of a log: its version is a decimal, keys are names, values of their kind,
# and what a log, a trace and an event hold stands in this order.
OWN = '<xs:group ref="own"/>'
EVENT = _named("event", OWN)
TRACE = _named("trace", f"<xs:sequence>{OWN}{EVENT}</xs:sequence>")
HEADS = _named("extension", "", name="NCName", prefix="NCName", uri="anyURI") + _named("global", OWN, scope="NCName")
HEADS += _named("classifier", "", name="NCName", keys="token")
XES_SCHEMA = f"""<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns="http://www.xes-standard.org/"
  targetNamespace="http://www.xes-standard.org/" elementFormDefault="qualified">
  <xs:group name="own"><xs:sequence><xs:choice minOccurs="0" maxOccurs="unbounded">
    {_of_kinds(string="string", date="dateTime", int="long", float="double", boolean="boolean", id="string")}
  </xs:choice></xs:sequence></xs:group>
  <xs:element name="log"><xs:complexType><xs:sequence>{HEADS}{OWN}{TRACE}{EVENT}</xs:sequence>
    <xs:attribute name="xes.version" type="xs:decimal" use="required"/>
    <xs:attribute name="xes.features" type="xs:token"/>
  </xs:complexType></xs:element>
</xs:schema>"""


@pytest.fixture(autouse=True)
def _march():
    with clock.set_to(dt.datetime(2025, 3, 5, 2, tzinfo=dt.UTC)):
        yield


@pytest.fixture
def moved(company):
    """Two quotations of the sales department on their ways, one of them with a name that no XML would take."""
    records = [company.walk(company.make("quotation", "clerk_sal"), "approved")]
    records.append(company.walk(company.make("quotation", "clerk_sal"), "submitted"))
    return records


def ocel_of(browser, **args):
    answer = browser.get(f"{BASE}ocel.json/", {**ARGS, **args})
    assert answer.status_code == 200
    return json.loads(answer.data)


def test_ocel_json_is_sound(moved, browser_as):
    """Each object and event of a declared type, each value declared there and of its kind, each link to an object."""
    log = ocel_of(browser_as("head_sal"))
    checker = jsonschema.Draft7Validator.FORMAT_CHECKER
    jsonschema.validate(log, OCEL, jsonschema.Draft7Validator, format_checker=checker)
    assert [*log] == ["objectTypes", "eventTypes", "objects", "events"]
    for types, items in (("objectTypes", "objects"), ("eventTypes", "events")):
        declared = {kind["name"]: {a["name"]: a["type"] for a in kind["attributes"]} for kind in log[types]}
        assert {kind for columns in declared.values() for kind in columns.values()} <= KINDS
        assert len({item["id"] for item in log[items]}) == len(log[items])
        for item in log[items]:
            for fact in item["attributes"]:
                assert is_of(fact["value"], declared[item["type"]][fact["name"]])
                assert (items == "objects") == ("time" in fact)
    known = {item["id"] for item in log["objects"]}
    for item in [*log["objects"], *log["events"]]:
        assert all({*link} == {"objectId", "qualifier"} and link["objectId"] in known for link in item["relationships"])
    stamps = [dt.datetime.fromisoformat(event["time"]) for event in log["events"]]
    assert stamps == sorted(stamps)


def is_of(value, kind):
    readers = {"string": str, "integer": int, "float": float, "boolean": ("true", "false").index}
    if kind == "time":
        return dt.datetime.fromisoformat(value).tzinfo is not None
    readers[kind](value)
    return True


def test_a_log_holds_the_whole_course(moved, browser_as, company):
    log = ocel_of(browser_as("head_sal"))
    course = [event["type"] for event in log["events"] if event["relationships"][0]["objectId"] == str(moved[0].id)]
    assert course == ["create quotation", "submit quotation", "approve quotation"]
    people = {item["id"]: item["attributes"][0]["value"] for item in log["objects"] if item["type"] == "user"}
    submitted = next(event for event in log["events"] if event["type"] == "submit quotation")
    by = next(link["objectId"] for link in submitted["relationships"] if link["qualifier"] == "by")
    assert people[by] == company.user("clerk_sal").name
    customer = str(moved[0].ref("customer"))
    own = next(item for item in log["objects"] if item["id"] == str(moved[0].id))
    assert {"objectId": customer, "qualifier": "customer"} in own["relationships"]


def test_the_three_formats_say_the_same(moved, browser_as, tmp_path):
    browser = browser_as("head_sal")
    log = ocel_of(browser)
    events = {(event["id"], event["type"]) for event in log["events"]}
    place = tmp_path / "log.sqlite"
    place.write_bytes(browser.get(f"{BASE}ocel.sqlite/", ARGS).data)
    with sqlite3.connect(place) as database:
        assert set(database.execute("SELECT ocel_id, ocel_type FROM event")) == events
        objects = {(item["id"], item["type"]) for item in log["objects"]}
        assert set(database.execute("SELECT ocel_id, ocel_type FROM object")) == objects
        for kind, items in (("event", log["events"]), ("object", log["objects"])):
            for name, table in database.execute(f"SELECT ocel_type, ocel_type_map FROM {kind}_map_type").fetchall():
                cursor = database.execute(f'SELECT * FROM "{kind}_{table}"')
                heads = [column[0] for column in cursor.description]
                assert heads[:2] == ["ocel_id", "ocel_time"]
                assert {row[0] for row in cursor} == {item["id"] for item in items if item["type"] == name}
        links = database.execute("SELECT ocel_event_id, ocel_object_id, ocel_qualifier FROM event_object")
        assert set(links) == {
            (event["id"], link["objectId"], link["qualifier"])
            for event in log["events"]
            for link in event["relationships"]
        }
        assert not database.execute("PRAGMA foreign_key_check").fetchall()
    database.close()
    text = browser.get(f"{BASE}xes/", ARGS).data
    etree.XMLSchema(etree.fromstring(XES_SCHEMA)).assertValid(etree.fromstring(text))
    root = ElementTree.parse(io.BytesIO(text)).getroot()
    courses = {
        trace.find(f"{XES}string[@key='concept:name']").get("value"): [
            event.find(f"{XES}string[@key='concept:name']").get("value") for event in trace.findall(f"{XES}event")
        ]
        for trace in root.findall(f"{XES}trace")
    }
    assert courses == {
        moved[0].number: ["create", "submit", "approve"],
        moved[1].number: ["create", "submit"],
    }
    for event in root.iter(f"{XES}event"):
        assert dt.datetime.fromisoformat(event.find(f"{XES}date[@key='time:timestamp']").get("value")).tzinfo


def test_what_a_reader_may_not_see_is_not_in_it(moved, browser_as, company):
    """Fields by role, linked records of other departments, cases of other departments."""
    whole = ocel_of(browser_as("management"))
    hidden = [name for name, field in catalogue["quotation"].declared.own_fields.items() if field.see]
    attributes = {a["name"] for kind in whole["objectTypes"] if kind["name"] == "quotation" for a in kind["attributes"]}
    for login in company.logins:
        answer = browser_as(login).get(f"{BASE}ocel.json/", ARGS)
        if answer.status_code == 403:
            continue
        log = json.loads(answer.data)
        seen = rights.listed_fields(company.actor(login), catalogue["quotation"])
        own = {a["name"] for kind in log["objectTypes"] if kind["name"] == "quotation" for a in kind["attributes"]}
        assert own <= attributes | {*hidden}
        assert own - {"number", "state"} <= seen
        cases = {item["id"] for item in log["objects"] if item["type"] == "quotation"}
        visible = rights.visible(company.actor(login), catalogue["quotation"])
        known = {str(row["_id"]) for row in catalogue["quotation"].collection().find(visible, {"_id": 1})}
        assert cases <= known


def test_nasty_texts_stay_texts(moved, browser_as, company):
    user = company.user("clerk_sal")
    name = 'Robert"); DROP TABLE event;-- <b>&\x0b'
    moved[0]._get_db()["history"].update_many({"actor": user.id}, {"$set": {"actor_name": name}})
    browser = browser_as("head_sal")
    for kind in event_log.LogFormat:
        answer = browser.get(f"{BASE}{kind}/", ARGS)
        assert answer.status_code == 200
        if kind is event_log.LogFormat.XES:
            ElementTree.fromstring(answer.data)


def test_logs_are_refused_where_they_would_be_too_long(moved, browser_as, monkeypatch):
    monkeypatch.setattr(event_log, "STEPS_MAX", 3)
    answer = browser_as("head_sal", locale="en").get(f"{BASE}xes/", ARGS)
    assert answer.status_code < 500
    assert "choose a shorter one" in answer.text
    assert browser_as("head_sal").get(f"{BASE}csv/", ARGS).status_code == 404
    assert browser_as("head_sal").get("/admin/process/department/log/xes/").status_code == 404


def test_an_empty_log_is_a_log(company, browser_as):
    company.make("quotation", "clerk_sal")
    changes.create(catalogue["department"], {"code": "ZZZ", "name": "Z"}, actor=SYSTEM)
    log = ocel_of(browser_as("head_sal"), **{"from": "2024-01-01", "to": "2024-01-02"})
    assert log["events"] == []
