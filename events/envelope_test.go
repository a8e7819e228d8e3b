package events_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/orderflow/orderflow/events"
	"github.com/orderflow/orderflow/events/eventstest"
	"github.com/orderflow/orderflow/internal/order"
	"github.com/orderflow/orderflow/internal/strictjson"
)

const trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

func encode(t *testing.T, d events.Data, because events.Cause) []byte {
	t.Helper()
	e, err := events.New(d, eventstest.At, because)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := events.Encode(e)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func TestAnEventOnTheBusLooksLikeThis(t *testing.T) {
	raw := encode(t, eventstest.Data[events.OrderRejected](t, "full"), events.Cause{ID: "cause-1", TraceParent: trace})
	const want = `{"specversion":"1.0","id":"05ea9247-96ba-5404-87a1-c7ea787512c7","source":"orderflow.users",` +
		`"type":"com.orderflow.OrderRejected.v1","subject":"order-1042","datacontenttype":"application/json",` +
		`"dataschema":"urn:orderflow:OrderRejected:1.0","time":"2026-03-01T09:30:00.125Z",` +
		`"data":{"order_id":"order-1042","user_id":"user-7","reason":"unknown_user"},` +
		`"causationid":"cause-1","traceparent":"` + trace + `"}`
	if diff := cmp.Diff(want, string(raw)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestTheSameFactHasTheSameBytes(t *testing.T) {
	d := eventstest.Data[events.OrderUpdated](t, "full")
	if got, want := encode(t, d, events.Cause{}), encode(t, d, events.Cause{}); string(got) != string(want) {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestIDsTellFactsApart(t *testing.T) {
	updated := eventstest.Data[events.OrderUpdated](t, "full")
	later := updated
	later.Version++
	other := updated
	other.OrderID = "order-1043"
	refund := eventstest.Data[events.PaymentRefunded](t, "full")
	failed := eventstest.Data[events.PaymentRefundFailed](t, "full")
	dispute := eventstest.Data[events.PaymentDisputed](t, "full")
	ended := dispute
	ended.Status = "lost"
	request := eventstest.Data[events.OrderCancelRequested](t, "full")
	again := request
	again.SeenVersion++
	byShop := request
	byShop.RequestedBy = order.AskedByShop

	seen := map[string]events.Data{}
	for _, d := range []events.Data{updated, later, other, refund, failed, dispute, ended, request, again, byShop} {
		id := events.IDOf(d)
		if twin, taken := seen[id]; taken {
			t.Errorf("%+v and %+v have the same id %s", d, twin, id)
		}
		seen[id] = d
	}
}

func TestAnEventOfFiveLinesStaysWithinOneKilobyte(t *testing.T) {
	d := eventstest.Data[events.OrderRecorded](t, "full")
	d.OrderID = "3f1f2a52-6ad6-4f0c-9d65-3d3f4c4e2f10"
	d.UserID = "8c0f3a52-6ad6-4f0c-9d65-3d3f4c4e2f11"
	d.Items = nil
	for range 5 {
		d.Items = append(d.Items, order.Item{SKU: "FUR-BO-10001798", Quantity: 12, UnitAmount: 26196})
	}
	d.PaymentMethod = ""
	raw := encode(t, d, events.Cause{ID: events.IDOf(d), TraceParent: trace})
	if len(raw) > 1024 {
		t.Errorf("got %d bytes, want at most 1024", len(raw))
	}
}

func TestTheLargestAcceptedOrderFitsInAnEvent(t *testing.T) {
	d := eventstest.Data[events.OrderRecorded](t, "full")
	d.OrderID = order.ID(strings.Repeat("o", order.MaxIDLength))
	d.UserID = order.UserID(strings.Repeat("u", order.MaxIDLength))
	d.PaymentMethod = strings.Repeat("p", 255)
	d.Items = nil
	for range order.MaxItems {
		d.Items = append(d.Items, order.Item{SKU: order.SKU(strings.Repeat("s", order.MaxSKULength)), Quantity: order.MaxQuantity, UnitAmount: order.MaxAmount})
	}
	encode(t, d, events.Cause{ID: events.IDOf(d), TraceParent: trace})
}

func TestParseReturnsWhatEncodeWrote(t *testing.T) {
	want := eventstest.Data[events.PaymentProcessed](t, "full")
	e, err := events.Parse(encode(t, want, events.Cause{ID: "cause-1", TraceParent: trace}))
	if err != nil {
		t.Fatal(err)
	}
	got, err := events.As[events.PaymentProcessed](e)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if got, want := events.CauseOf(e), (events.Cause{ID: events.IDOf(want), TraceParent: trace}); got != want {
		t.Errorf("got cause %+v, want %+v", got, want)
	}
	if got := events.CausationID(e); got != "cause-1" {
		t.Errorf("got causation id %s, want cause-1", got)
	}
	if !e.Time().Equal(eventstest.At) {
		t.Errorf("got time %s, want %s", e.Time(), eventstest.At)
	}
}

// TestParseRefuses changes one thing in a good event at a time.
func TestParseRefuses(t *testing.T) {
	good := string(encode(t, eventstest.Data[events.OrderRejected](t, "full"), events.Cause{ID: "cause-1"}))
	cases := map[string]struct {
		old, new string
		pointer  string // of the violation
	}{
		"nothing":                       {good, "", ""},
		"null":                          {good, "null", ""},
		"an array":                      {good, "[" + good + "]", ""},
		"text behind it":                {good, good + "{}", ""},
		"a cut":                         {"\"}", "\"", ""},
		"a doubled id":                  {`"id":`, `"id":"a","id":`, "/id"},
		"a doubled name in the data":    {`"reason":`, `"reason":"blocked_user","reason":`, "/data/reason"},
		"an attribute in another case":  {`"id":`, `"ID":`, "/ID"},
		"an empty attribute name":       {`"id":`, `"":1,"id":`, "/"},
		"no id":                         {`"id":`, `"idx":`, "/id"},
		"an empty id":                   {`"id":"` + events.IDOf(eventstest.Data[events.OrderRejected](t, "full")), `"id":"`, "/id"},
		"a number as id":                {`"id":"`, `"id":7,"idx":"`, "/id"},
		"another specversion":           {`"specversion":"1.0"`, `"specversion":"0.3"`, "/specversion"},
		"another source":                {`orderflow.users`, `orderflow.orders`, "/source"},
		"no subject":                    {`"subject":"order-1042",`, ``, "/subject"},
		"no time":                       {`"time":"2026-03-01T09:30:00.125Z",`, ``, "/time"},
		"a time with an offset":         {`09:30:00.125Z`, `10:30:00.125+01:00`, "/time"},
		"another content type":          {`application/json`, `text/plain`, "/datacontenttype"},
		"no dataschema":                 {`"dataschema":"urn:orderflow:OrderRejected:1.0",`, ``, "/dataschema"},
		"another major of the schema":   {`OrderRejected:1.0`, `OrderRejected:2.0`, "/dataschema"},
		"another type's schema":         {`OrderRejected:1.0`, `OrderRecorded:1.0`, "/dataschema"},
		"a schema without minor":        {`OrderRejected:1.0`, `OrderRejected:1.`, "/dataschema"},
		"no data":                       {`"data":`, `"dat":`, "/data"},
		"data in base 64":               {`"data":{"order_id":"order-1042","user_id":"user-7","reason":"unknown_user"}`, `"data_base64":"e30="`, "/data"},
		"an empty causation id":         {`"causationid":"cause-1"`, `"causationid":""`, "/causationid"},
		"a control character in the id": {`"id":"`, "\"id\":\"\x01", "/id"},
		"invalid UTF-8":                 {`"id":"`, "\"id\":\"\xff", "/id"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			raw := strings.Replace(good, c.old, c.new, 1)
			if raw == good {
				t.Fatal("the case changes nothing")
			}
			_, err := events.Parse([]byte(raw))
			var invalid *strictjson.Error
			if !errors.As(err, &invalid) {
				t.Fatalf("got %v, want a *strictjson.Error", err)
			}
			for _, v := range invalid.Violations {
				if v.Pointer == c.pointer {
					return
				}
			}
			t.Errorf("got %+v, want one at %q", invalid.Violations, c.pointer)
		})
	}
}

func TestUnknownTypesAndMajorsAreRefused(t *testing.T) {
	good := string(encode(t, eventstest.Data[events.OrderRejected](t, "full"), events.Cause{}))
	for _, typ := range []string{"com.orderflow.OrderRejected.v2", "com.orderflow.OrderLost.v1", "OrderRejected", "com.orderflow.orderrejected.v1"} {
		_, err := events.Parse([]byte(strings.Replace(good, "com.orderflow.OrderRejected.v1", typ, 1)))
		if !errors.Is(err, events.ErrUnknownType) {
			t.Errorf("%s: got %v, want ErrUnknownType", typ, err)
		}
	}
}

func TestALaterMinorIsRead(t *testing.T) {
	good := string(encode(t, eventstest.Data[events.OrderRejected](t, "full"), events.Cause{}))
	e, err := events.Parse([]byte(strings.Replace(good, "OrderRejected:1.0", "OrderRejected:1.12", 1)))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := events.As[events.OrderRejected](e); err != nil {
		t.Error(err)
	}
}

func TestASubjectThatIsNotTheOrderIsRefused(t *testing.T) {
	good := string(encode(t, eventstest.Data[events.OrderRejected](t, "full"), events.Cause{}))
	e, err := events.Parse([]byte(strings.Replace(good, `"subject":"order-1042"`, `"subject":"order-1"`, 1)))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := events.DataOf(e); err == nil || !strings.Contains(err.Error(), "/subject") {
		t.Errorf("got %v, want a violation at /subject", err)
	}
}

func TestAnotherTypeIsNotTaken(t *testing.T) {
	if _, err := events.As[events.OrderVerified](eventstest.Example[events.OrderRejected](t, "full")); !errors.Is(err, events.ErrUnknownType) {
		t.Errorf("got %v, want ErrUnknownType", err)
	}
}

func TestNothingIsStatedThatTheSchemaRefuses(t *testing.T) {
	d := eventstest.Data[events.OrderRecorded](t, "full")
	d.Currency = "usd"
	if _, err := events.New(d, eventstest.At, events.Cause{}); err == nil || !strings.Contains(err.Error(), "/currency") {
		t.Errorf("New: got %v, want a violation at /currency", err)
	}
	e := eventstest.Example[events.OrderRecorded](t, "full")
	e.DataEncoded = json.RawMessage(`{"order_id":"order-1042"}`)
	if _, err := events.Encode(e); err == nil || !strings.Contains(err.Error(), "/data/amount is required") {
		t.Errorf("Encode: got %v, want a violation at /data/amount", err)
	}
}

func TestErrorsDoNotQuoteTheEvent(t *testing.T) {
	good := string(encode(t, eventstest.Data[events.OrderRejected](t, "full"), events.Cause{}))
	for _, raw := range []string{
		strings.Replace(good, `"reason":"unknown_user"`, `"reason":"secret"`, 1),
		strings.Replace(good, `"order-1042"`, `"secret order"`, 2),
		strings.Replace(good, `"time":"2026-03-01T09:30:00.125Z"`, `"time":"secret"`, 1),
	} {
		e, err := events.Parse([]byte(raw))
		if err == nil {
			_, err = events.DataOf(e)
		}
		if err == nil || strings.Contains(err.Error(), "secret") {
			t.Errorf("got %v, want an error that does not quote", err)
		}
	}
}

func TestSizeIsBounded(t *testing.T) {
	d := eventstest.Data[events.OrderRecorded](t, "full")
	raw := encode(t, d, events.Cause{})
	padded := strings.Replace(string(raw), `"data":{`, `"data":{"added_later":"`+strings.Repeat("x", events.MaxSize)+`",`, 1)
	if _, err := events.Parse([]byte(padded)); !errors.Is(err, events.ErrTooLarge) {
		t.Errorf("Parse: got %v, want ErrTooLarge", err)
	}
	e := eventstest.Example[events.OrderRecorded](t, "full")
	e.DataEncoded = []byte(strings.Replace(string(e.DataEncoded), `{`, `{"added_later":"`+strings.Repeat("x", events.MaxSize)+`",`, 1))
	if _, err := events.Encode(e); !errors.Is(err, events.ErrTooLarge) {
		t.Errorf("Encode: got %v, want ErrTooLarge", err)
	}
}

func TestTimesAreUTC(t *testing.T) {
	zone := time.FixedZone("", 3600)
	e, err := events.New(eventstest.Data[events.OrderRejected](t, "full"), eventstest.At.In(zone), events.Cause{})
	if err != nil {
		t.Fatal(err)
	}
	raw, err := events.Encode(e)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := events.Parse(raw); err != nil {
		t.Error(err)
	}
}
