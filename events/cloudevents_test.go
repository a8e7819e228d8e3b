package events_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/cloudevents/sdk-go/v2/event"

	"github.com/orderflow/orderflow/events"
	"github.com/orderflow/orderflow/events/eventstest"
	"github.com/orderflow/orderflow/internal/strictjson"
)

// Where the rules of the table stand.
const (
	ceSpec       = "https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/spec.md#"
	ceJSON       = "https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/formats/json-format.md#"
	ceNames      = ceSpec + "naming-conventions"
	ceTypes      = ceSpec + "type-system"
	ceOnce       = ceSpec + "context-attributes"
	ceID         = ceSpec + "id"
	ceSource     = ceSpec + "source-1"
	ceVersion    = ceSpec + "specversion"
	ceType       = ceSpec + "type"
	ceMediaType  = ceSpec + "datacontenttype"
	ceSchema     = ceSpec + "dataschema"
	ceSubject    = ceSpec + "subject"
	ceTime       = ceSpec + "time"
	ceMapping    = ceJSON + "22-type-system-mapping"
	ceEnvelope   = ceJSON + "3-envelope"
	ceData       = ceJSON + "31-handling-of-data"
	ceBatch      = ceJSON + "4-json-batch-format"
	ceTraceOfExt = "https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/extensions/distributed-tracing.md#traceparent"
)

// Verdicts on an event, beside the pointer at which it is refused.
const (
	taken       = "taken"
	unknownType = "unknown type"
	wholly      = "" // refused as a whole
)

// Why we refuse what the specification, or the SDK, would take.
const (
	weRequire  = "every event here has it, so that a consumer need not ask"
	oneReader  = "two readers would see two events"
	noGuess    = "the catalog says which"
	strictSpec = "the specification forbids it, the SDK does not look"
)

// ceRow is one rule: what is changed in a good event, and what becomes of it.
type ceRow struct {
	rule     string
	section  string
	old, new string
	want     string // taken, unknownType or the pointer of the refusal
	sdk      bool   // the SDK takes it
	stricter string // why we refuse it though the SDK takes it
}

// goodEvent is the event that each row changes: everything optional is there.
func goodEvent(t *testing.T) string {
	t.Helper()
	return string(encode(t, eventstest.Data[events.OrderRejected](t, "full"), events.Cause{ID: "cause-1", TraceParent: trace}))
}

const (
	idMember     = `"id":"05ea9247-96ba-5404-87a1-c7ea787512c7"`
	sourceMember = `"source":"orderflow.users"`
	typeMember   = `"type":"com.orderflow.OrderRejected.v1"`
	dataMember   = `"data":{"order_id":"order-1042","user_id":"user-7","reason":"unknown_user"}`
	timeMember   = `"time":"2026-03-01T09:30:00.125Z"`
	schemaMember = `"dataschema":"urn:orderflow:OrderRejected:1.0"`
	mediaMember  = `"datacontenttype":"application/json"`
	causeMember  = `"causationid":"cause-1"`
	traceMember  = `"traceparent":"` + trace + `"`
)

// beside adds a member to the good event.
func beside(member string) (old, with string) { return causeMember, causeMember + "," + member }

func extension(rule, section, member, want string, sdk bool, stricter string) ceRow {
	old, with := beside(member)
	return ceRow{rule, section, old, with, want, sdk, stricter}
}

// attributeRows are about the attributes that the specification defines.
var attributeRows = []ceRow{
	{"id is required", ceID, idMember + ",", "", "/id", false, ""},
	{"id is not null", ceID, idMember, `"id":null`, "/id", false, ""},
	{"id is not empty", ceID, idMember, `"id":""`, "/id", false, ""},
	{"id is a string", ceID, idMember, `"id":1042`, "/id", false, ""},
	{"id has any characters", ceID, idMember, `"id":"a/b c?\u00e9\ud83d\ude80"`, taken, true, ""},
	{"id has no control characters", ceTypes, idMember, `"id":"a\u0000b"`, "/id", true, strictSpec},
	{"id has no control characters of the second row", ceTypes, idMember, `"id":"a\u0085b"`, "/id", true, strictSpec},
	{"id has no noncharacters", ceTypes, idMember, `"id":"a\ufffeb"`, "/id", true, strictSpec},
	{"id has no noncharacters of a higher plane", ceTypes, idMember, `"id":"a\ud83f\udfffb"`, "/id", true, strictSpec},
	{"id has no half of a surrogate pair", ceTypes, idMember, `"id":"a\udeadb"`, "/id", true, strictSpec},
	{"source is required", ceSource, sourceMember + ",", "", "/source", false, ""},
	{"source is not empty", ceSource, sourceMember, `"source":""`, "/source", false, ""},
	{"source is a URI reference", ceSource, sourceMember, `"source":"%zz"`, "/source", false, ""},
	{"source is another's: a URI", ceSource, sourceMember, `"source":"https://example.com/users"`, "/source", true, noGuess},
	{"source is another's: an authority", ceSource, sourceMember, `"source":"//orderflow.users"`, "/source", true, noGuess},
	{"source is compared to the letter", ceSource, sourceMember, `"source":"Orderflow.Users"`, "/source", true, noGuess},
	{"specversion is required", ceVersion, `"specversion":"1.0",`, "", "/specversion", false, ""},
	{"specversion is a string", ceVersion, `"specversion":"1.0"`, `"specversion":1.0`, "/specversion", false, ""},
	{"specversion has no patch", ceVersion, `"specversion":"1.0"`, `"specversion":"1.0.2"`, "/specversion", false, ""},
	{"specversion has a minor", ceVersion, `"specversion":"1.0"`, `"specversion":"1"`, "/specversion", false, ""},
	{"a later specversion is not known", ceVersion, `"specversion":"1.0"`, `"specversion":"1.1"`, "/specversion", false, ""},
	{"0.3 had other members", ceVersion, `"specversion":"1.0"`, `"specversion":"0.3"`, "/specversion", true, "it says schemaurl for dataschema"},
	{"type is required", ceType, typeMember + ",", "", "/type", false, ""},
	{"type is not empty", ceType, typeMember, `"type":""`, unknownType, false, ""},
	{"type is compared to the letter", ceType, typeMember, `"type":"com.orderflow.orderrejected.v1"`, unknownType, true, noGuess},
	{"subject is optional", ceSubject, `"subject":"order-1042",`, "", "/subject", true, weRequire},
	{"subject may be null, as unset", ceMapping, `"subject":"order-1042"`, `"subject":null`, "/subject", true, weRequire},
	{"subject is not empty", ceSubject, `"subject":"order-1042"`, `"subject":""`, "/subject", true, strictSpec},
	{"time is optional", ceTime, timeMember + ",", "", "/time", true, weRequire},
	{"time may be null, as unset", ceMapping, timeMember, `"time":null`, "/time", true, weRequire},
	{"time is a string", ceMapping, timeMember, `"time":1772357400`, "/time", false, ""},
	{"time is RFC 3339, with seconds", ceTime, timeMember, `"time":"2026-03-01T09:30Z"`, "/time", false, ""},
	{"time may have an offset", ceTime, timeMember, `"time":"2026-03-01T10:30:00.125+01:00"`, "/time", true, "all times here are UTC, and compare as text"},
	{"dataschema is optional", ceSchema, schemaMember + ",", "", "/dataschema", true, weRequire},
	{"dataschema may be null, as unset", ceMapping, schemaMember, `"dataschema":null`, "/dataschema", true, weRequire},
	{"dataschema is absolute", ceSchema, schemaMember, `"dataschema":"OrderRejected"`, "/dataschema", false, ""},
	{"dataschema is another's", ceSchema, schemaMember, `"dataschema":"https://example.com/schema.json"`, "/dataschema", true, noGuess},
	{"dataschema may be a later minor", ceSchema, schemaMember, `"dataschema":"urn:orderflow:OrderRejected:1.9"`, taken, true, ""},
}

// nameRows are about the names of attributes, and about extensions.
var nameRows = []ceRow{
	{"names are in lower case", ceNames, idMember, `"Id":"x"`, "/Id", false, ""},
	{"names are in lower case, all of them", ceNames, typeMember, `"TYPE":"com.orderflow.OrderRejected.v1"`, "/TYPE", false, ""},
	{"an attribute stands once", ceOnce, idMember, `"id":"a","id":"b"`, "/id", true, oneReader},
	{"an attribute stands once, however it is escaped", ceOnce, idMember, `"id":"a","\u0069d":"b"`, "/id", true, oneReader},
	{"an attribute stands once in any case", ceOnce, idMember, idMember + `,"ID":"b"`, "/ID", false, ""},
	{"data stands once", ceData, dataMember, dataMember + `,"data":{}`, "/data", true, oneReader},
	extension("an extension is a string", ceMapping, `"sampledrate":"one in ten"`, taken, true, ""),
	extension("an extension is empty", ceMapping, `"tenant":""`, taken, true, ""),
	extension("an extension is an integer", ceMapping, `"sequence":-2147483648`, taken, true, ""),
	extension("an integer has 32 bits", ceTypes, `"sequence":2147483648`, "/sequence", false, ""),
	extension("an integer has no fraction", ceMapping, `"sequence":1.5`, "/sequence", true, strictSpec),
	extension("an integer has no exponent", ceMapping, `"sequence":1e3`, "/sequence", true, strictSpec),
	extension("an extension is a boolean", ceMapping, `"replayed":true`, taken, true, ""),
	extension("an extension is null, as unset", ceMapping, `"tenant":null`, taken, true, ""),
	extension("an extension is no object", ceMapping, `"tenant":{"id":1}`, "/tenant", false, ""),
	extension("an extension is no array", ceMapping, `"tenant":[]`, "/tenant", false, ""),
	extension("a string has no control characters", ceTypes, `"tenant":"a\nb"`, "/tenant", true, strictSpec),
	extension("a name may have digits", ceNames, `"tenant2":"a"`, taken, true, ""),
	extension("a name may begin with a digit", ceNames, `"2tenant":"a"`, "/2tenant", true, "no member of ours may, by the schemas' propertyNames"),
	extension("a name should have at most 20 characters", ceNames, `"thisnameisfartoolongbutlegal":"a"`, taken, true, ""),
	extension("a name has no underscore", ceNames, `"tenant_id":"a"`, "/tenant_id", false, ""),
	extension("a name has no hyphen", ceNames, `"tenant-id":"a"`, "/tenant-id", false, ""),
	extension("a name is in ASCII", ceNames, `"mandantä":"a"`, "/mandantä", false, ""),
	extension("a name is not in camel case", ceNames, `"tenantId":"a"`, "/tenantId", true, strictSpec),
	{"causationid may be null, as unset", ceMapping, causeMember, `"causationid":null`, taken, true, ""},
	{"causationid is a string", ceMapping, causeMember, `"causationid":7`, "/causationid", true, "ids are strings"},
	{"causationid has no control characters", ceTypes, causeMember, `"causationid":"a\u0007"`, "/causationid", true, strictSpec},
	{"traceparent may be null, as unset", ceMapping, traceMember, `"traceparent":null`, taken, true, ""},
	{"traceparent is a string", ceTraceOfExt, traceMember, `"traceparent":true`, "/traceparent", true, strictSpec},
	{"traceparent that is not valid is not carried on", ceTraceOfExt, traceMember, `"traceparent":"00-ada@example.com"`, taken, true, ""},
}

// dataRows are about the data, its content type, and the document as a whole.
var dataRows = []ceRow{
	{"datacontenttype is optional", ceMediaType, mediaMember + ",", "", "/datacontenttype", true, weRequire},
	{"datacontenttype may be null, as unset", ceMapping, mediaMember, `"datacontenttype":null`, "/datacontenttype", false, ""},
	{"datacontenttype may have parameters", ceMediaType, mediaMember, `"datacontenttype":"application/json; charset=utf-8"`, "/datacontenttype", true, noGuess},
	{"datacontenttype may be in any case", ceMediaType, mediaMember, `"datacontenttype":"Application/JSON"`, "/datacontenttype", false, ""},
	{"datacontenttype may be of the kind +json", ceData, mediaMember, `"datacontenttype":"application/vnd.order+json"`, "/datacontenttype", false, ""},
	{"datacontenttype is a media type", ceMediaType, mediaMember, `"datacontenttype":"json"`, "/datacontenttype", false, ""},
	{"data of another content type is a string", ceData, mediaMember + `,` + schemaMember, `"datacontenttype":"text/xml",` + schemaMember, "/datacontenttype", false, ""},
	{"data is optional", ceSpec + "event-data", dataMember + ",", "", "/data", true, weRequire},
	{"data in base 64", ceData, dataMember, `"data_base64":"e30="`, "/data", true, "no rule of the bus can match it"},
	{"data and data_base64 exclude each other", ceData, dataMember, dataMember + `,"data_base64":"e30="`, "/data_base64", true, oneReader},
	{"data_base64 and data exclude each other", ceData, dataMember, `"data_base64":"e30=",` + dataMember, "/data_base64", true, oneReader},
	{"data_base64, escaped", ceData, dataMember, dataMember + `,"data\u005fbase64":"e30="`, "/data_base64", true, oneReader},
	{"data_base64 as null", ceData, dataMember, dataMember + `,"data_base64":null`, "/data_base64", true, oneReader},
	{"data may come before what it is", "https://www.rfc-editor.org/rfc/rfc8259#section-4", mediaMember + "," + schemaMember + "," + timeMember + "," + dataMember, dataMember + "," + timeMember + "," + schemaMember + "," + mediaMember, taken, true, ""},
	{"an event is one object", ceEnvelope, "", "[]", wholly, false, ""},
	{"an event is no string", ceEnvelope, "", `"event"`, wholly, false, ""},
	{"a batch is no event", ceBatch, "", "[EVENT]", wholly, false, ""},
	{"one event is not two", ceEnvelope, "", "EVENT EVENT", wholly, true, oneReader},
	{"white space is JSON's", ceEnvelope, "", " \t\r\nEVENT\n", taken, true, ""},
	{"a byte order mark is not JSON's", "https://www.rfc-editor.org/rfc/rfc8259#section-8.1", "", "\ufeffEVENT", wholly, false, ""},
}

// TestParseKeepsTheRulesOfCloudEvents holds each rule of the specification against us and against the SDK. Nothing is taken that
// the SDK refuses, and where we refuse what it takes, the row says why.
func TestParseKeepsTheRulesOfCloudEvents(t *testing.T) {
	rows := slices.Concat(attributeRows, nameRows, dataRows)
	if len(rows) < 80 {
		t.Fatalf("got %d rows, want at least 80", len(rows))
	}
	good := goodEvent(t)
	if got := verdict(t, good); got != taken {
		t.Fatalf("the event that the rows change is refused: %s", got)
	}
	for _, row := range rows {
		t.Run(row.rule, func(t *testing.T) {
			raw := row.change(t, good)
			if got := verdict(t, raw); got != row.want {
				t.Errorf("got %q, want %q: %s", got, row.want, row.section)
			}
			if got := takenBySDK(raw); got != row.sdk {
				t.Errorf("the SDK takes it: %v, want %v", got, row.sdk)
			}
			if refused := row.want != taken; refused && row.sdk != (row.stricter != "") || !refused && !row.sdk {
				t.Errorf("we: %q, the SDK takes it: %v; why stricter: %q", row.want, row.sdk, row.stricter)
			}
		})
	}
}

// change returns the good event with the row's change. A row without an old part is all new, around the event where it names it.
func (row ceRow) change(t *testing.T, good string) string {
	t.Helper()
	raw := strings.Replace(good, row.old, row.new, 1)
	if row.old == "" {
		raw = strings.ReplaceAll(row.new, "EVENT", good)
	}
	if raw == good {
		t.Fatal("the row changes nothing")
	}
	return raw
}

// verdict returns what becomes of raw: taken, unknownType, or the first place at which it is refused.
func verdict(t *testing.T, raw string) string {
	t.Helper()
	_, err := events.Parse([]byte(raw))
	if err == nil {
		return taken
	}
	if errors.Is(err, events.ErrUnknownType) {
		return unknownType
	}
	wrong, ok := errors.AsType[*strictjson.Error](err)
	if !ok {
		t.Fatalf("got %v, want an error that names a place", err)
	}
	return wrong.Violations[0].Pointer
}

// takenBySDK reports whether the SDK reads raw and finds it valid.
func takenBySDK(raw string) bool {
	var e event.Event
	return e.UnmarshalJSON([]byte(raw)) == nil && e.Validate() == nil
}
